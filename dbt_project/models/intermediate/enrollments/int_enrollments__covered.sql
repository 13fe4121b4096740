{{ config(materialized='by_year', facts='stg_siagie__enrollments') }}

with
enrollments as (select * from {{ ref('stg_siagie__enrollments') }} where {{ in_built_years() }}),

covered as (
    select
        _file,
        school_year,
        service_code,
        max(coalesce(_region, '')) as region,
        bool_or(coalesce(final_result = 'REQUIERE RECUPERACION', false)) as awaits_recovery
    from enrollments
    group by _file, school_year, service_code
)

select * from covered
