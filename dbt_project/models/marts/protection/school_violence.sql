with
all_reports as {{ standing(ref('stg_protection__school_reports')) }},
reports as (select * from all_reports where standing_until = {{ far_future() }}),

schools as (
    select
        split_part(service_code, '-', 1) as school_code,
        max(district_code) as district_code
    from {{ ref('int_schools__registers') }}
    group by 1
),

violence as (
    select
        left(schools.district_code, 4) as area_code,
        reports.school_code,
        reports.report_year,
        reports.violence_kind,
        cast(reports.n_reports as bigint) as n_reports
    from reports
    left join schools on reports.school_code = schools.school_code
)

select * from violence
