{{ config(materialized='by_year', facts='stg_siagie__enrollments') }}

with
enrollments as (select * from {{ ref('stg_siagie__enrollments') }} where {{ in_built_years() }}),

counted as {{ standing('enrollments', by_region=true) }},

versions as (
    select
        child_key,
        guardian_key,
        school_year,
        service_code,
        level,
        grade,
        section,
        sex,
        mother_tongue,
        birth_country,
        disability,
        birth_date,
        is_dni_validated,
        guardian_schooling,
        enrollment_state,
        entry_situation,
        final_result,
        recovery_result,
        withdrawal_reason,
        declares_work,
        declared_work_hours,
        enrolled_date,
        registered_date,
        _file,
        stood_at as known_at,
        {{ known_until(['child_key', 'school_year', 'service_code'], ['registered_date']) }}
            as known_until
    from counted
)

select * from versions where known_until > known_at
