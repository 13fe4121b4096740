with
projections as {{ standing(ref('stg_inei__population')) }},
grades as (select * from {{ ref('grades') }}),
departments as (select * from {{ ref('departments') }}),

versions as (
    select
        department_code,
        calendar_year,
        age_years,
        n_people,
        {{ known_until(['department_code', 'calendar_year', 'is_female', 'age_years']) }}
            as known_until
    from projections
),

ages as (
    select
        {{ level_of_stage('stage') }} as level,
        entry_age,
        is_first_of_stage,
        count(*) over (partition by stage) as n_ages
    from grades
    where {{ level_of_stage('stage') }} is not null
),

people as (
    select
        versions.calendar_year,
        versions.department_code,
        ages.level,
        ages.n_ages,
        versions.n_people,
        if(ages.is_first_of_stage, versions.n_people, 0) as n_beginners
    from {{ newest('versions') }} as versions
    inner join ages on versions.age_years = ages.entry_age
),

-- each department, and the nation as department 00
sums as (
    select
        calendar_year,
        coalesce(department_code, '00') as department_code,
        level,
        cast(sum(n_people) as bigint) as n_of_official_age,
        cast(sum(n_beginners) as bigint) as n_of_first_age,
        count(*) as n_rows,
        any_value(n_ages) as n_ages
    from people
    group by calendar_year, level, rollup(department_code)
),

expected as (
    select
        *,
        2 * n_ages * if(department_code = '00', (select count(*) from departments), 1) as n_expected
    from sums
)

-- both sexes of every age, of the nation in every department: a part of them is no population
select
    calendar_year,
    department_code,
    level,
    n_of_official_age,
    n_of_first_age
from expected
where n_rows = n_expected
