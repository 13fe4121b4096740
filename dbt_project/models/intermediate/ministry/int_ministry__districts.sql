with
published as (select * from {{ ref('int_ministry__totals') }}),

schools as (
    select
        service_code,
        district_code
    from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }}
),

registers as (select count(*) as n_schools from schools),

-- the register holds only schools that still exist: pupils of others are counted in no district;
-- where there is no register yet, all are, and what is shown of that is not what is shown later
districts as (
    select
        published.school_year,
        case
            when registers.n_schools = 0 then '{{ var("no_register") }}'
            else coalesce(schools.district_code, '{{ var("no_district") }}')
        end as district_code,
        published.level,
        count(distinct published.service_code) as n_services,
        cast(sum(published.n_pupils) as bigint) as n_pupils,
        cast(sum(published.n_withdrawn) as bigint) as n_withdrawn,
        cast(sum(published.n_over_age) as bigint) as n_over_age
    from published
    cross join registers
    left join schools on published.service_code = schools.service_code
    group by 1, 2, 3
)

select * from districts
