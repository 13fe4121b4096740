with
all_reports as {{ standing(ref('stg_protection__school_reports')) }},
reports as (select * from all_reports where standing_until = {{ far_future() }}),

services as (
    select
        service_code,
        split_part(service_code, '-', 1) as school_code,
        school_name,
        district_code,
        known_until
    from {{ ref('int_schools__registers') }}
),

-- where a school that moved or closed was last; of its annexes the first
schools as (
    select
        school_code,
        school_name,
        district_code
    from services
    qualify row_number() over (
        partition by school_code
        order by known_until desc, service_code asc
    ) = 1
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
        schools.school_name,
        newest.report_year,
        newest.violence_kind,
        cast(newest.n_reports as bigint) as n_reports
    from newest
    left join schools on newest.school_code = schools.school_code
)

select * from violence
