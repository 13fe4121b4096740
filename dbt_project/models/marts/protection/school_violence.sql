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

-- a later file of the year tells the same again
newest as (
    select * from reports
    qualify row_number() over (
        partition by school_code, report_year, violence_kind
        order by known_at desc, _file desc, _line desc
    ) = 1
),

violence as (
    select
        left(schools.district_code, 4) as area_code,
        newest.school_code,
        newest.report_year,
        newest.violence_kind,
        cast(newest.n_reports as bigint) as n_reports
    from newest
    left join schools on newest.school_code = schools.school_code
)

select * from violence
