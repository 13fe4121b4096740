with
published as (select * from {{ ref('int_ministry__dropouts') }}),
departments as (select * from {{ ref('departments') }}),

schools as (
    select
        service_code,
        department_code
    from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }}
),

-- the ministry's definition: who is not in regular education the year after, of all pupils of the
-- year but those who died and those who finished secondary
exits as (
    select
        school_year,
        service_code,
        not is_regular_after as is_exit
    from {{ ref('int_outcomes__interruptions') }}
    where level in ('B0', 'F0') and not is_deceased and not is_graduate
),

both_sides as (
    select
        school_year,
        left(district_code, 2) as department_code,
        n_pupils as n_published,
        n_dropouts as n_published_exits,
        0 as n_landed,
        0 as n_landed_exits
    from published
    union all
    select
        exits.school_year,
        schools.department_code,
        0 as n_published,
        0 as n_published_exits,
        1 as n_landed,
        cast(exits.is_exit as integer) as n_landed_exits
    from exits
    left join schools on exits.service_code = schools.service_code
    where exits.school_year in (select published.school_year from published)
),

totals as (
    select
        both_sides.school_year,
        coalesce(departments.department_code, '00') as department_code,
        cast(sum(both_sides.n_published) as bigint) as n_published,
        cast(sum(both_sides.n_landed) as bigint) as n_landed,
        cast(sum(both_sides.n_published_exits) as bigint) as n_published_exits,
        cast(sum(both_sides.n_landed_exits) as bigint) as n_landed_exits
    from both_sides
    left join departments on both_sides.department_code = departments.department_code
    group by 1, 2
)

select * from totals
