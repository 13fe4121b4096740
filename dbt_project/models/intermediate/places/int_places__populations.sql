with
projections as {{ standing(ref('stg_inei__population')) }},
grades as (select * from {{ ref('grades') }}),
departments as (select * from {{ ref('departments') }}),

versions as (
    select
        *,
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
),

-- each department, and the nation as department 00
sums as (
    select
        told.calendar_year,
        coalesce(told.department_code, '00') as department_code,
        ages.level,
        cast(sum(told.n_people) as bigint) as n_of_official_age,
        cast(sum(told.n_people) filter (where ages.is_first_of_stage) as bigint) as n_of_first_age,
        count(*) as n_rows,
        2 * ages.n_ages as n_rows_of_department
    from {{ newest('versions') }} as told
    inner join ages on told.age_years = ages.entry_age
    where ages.level is not null
    group by told.calendar_year, ages.level, ages.n_ages, rollup(told.department_code)
)

-- both sexes of every age, of the nation in every department: a part of them is no population
select {{ without(['n_rows', 'n_rows_of_department']) }}
from sums
where
    n_rows = n_rows_of_department
    * if(department_code = '00', (select count(*) from departments), 1)
