with
published as (select * from {{ ref('int_published__totals') }}),

schools as (
    select
        service_code,
        district_code
    from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }}
),

districts as (
    select * from {{ ref('int_places__districts') }}
    where known_until = {{ far_future() }}
),

-- the register holds only schools that still exist: pupils of the others are counted in no district
counts as (
    select
        published.school_year,
        coalesce(schools.district_code, '{{ var("no_district") }}') as district_code,
        published.level,
        count(distinct published.service_code) as n_services,
        sum(published.n_pupils) as n_pupils,
        sum(published.n_withdrawn) as n_withdrawn,
        sum(published.n_over_age) as n_over_age
    from published
    left join schools on published.service_code = schools.service_code
    group by 1, 2, 3
),

rounded as (
    select
        school_year,
        district_code,
        level,
        n_services,
        {{ official_count('n_pupils') }} as n_pupils,
        {{ official_count('n_withdrawn', 'n_pupils') }} as n_withdrawn,
        {{ official_count('n_over_age', 'n_pupils') }} as n_over_age
    from counts
),

enrollment as (
    select
        rounded.school_year,
        rounded.district_code,
        districts.district_name,
        districts.province_name,
        rounded.level,
        rounded.n_services,
        rounded.n_pupils,
        rounded.n_withdrawn,
        {{ share('rounded.n_withdrawn', 'rounded.n_pupils') }} as withdrawn_share,
        rounded.n_over_age,
        {{ share('rounded.n_over_age', 'rounded.n_pupils') }} as over_age_share
    from rounded
    left join districts on rounded.district_code = districts.district_code
)

select * from enrollment
