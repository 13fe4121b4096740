with
calendar as (select * from {{ source('landing', 'calendar') }}),
spells as {{ known_by_child(ref('int_enrollments__spells'), today()) }},
results as {{ known_by_child(ref('int_enrollments__results'), today()) }},

alternative as {{ known_by_child(ref('int_enrollments__alternative'), today()) }},

last_year as (
    select
        spells.person_key,
        spells.service_code,
        spells.grade
    from spells
    cross join calendar
    where
        spells.school_year = year(calendar.today) - 1
        and spells.level in ('B0', 'F0')
        and calendar.today > {{ date_of('year(calendar.today)', var('unregistered_month_day')) }}
    qualify row_number() over (
        partition by spells.person_key
        order by
            spells.enrollment_state = 'TRASLADADO' asc,
            spells.enrolled_date desc nulls last,
            spells.service_code asc
    ) = 1
),

-- who finished secondary, died, went abroad or is enrolled somewhere this year is not looked for
accounted_for as (
    select results.person_key
    from results
    cross join calendar
    where
        results.school_year = year(calendar.today)
        or results.is_deceased
        or (results.is_emigrated and results.school_year = year(calendar.today) - 1)
        or (results.grade = 14 and results.year_result = 'passed')
    union
    select alternative.person_key
    from alternative
    cross join calendar
    where alternative.school_year >= year(calendar.today) - 1
),

unregistered as (
    select
        last_year.person_key as child_key,
        last_year.service_code,
        last_year.grade
    from last_year
    left join accounted_for on last_year.person_key = accounted_for.person_key
    where accounted_for.person_key is null
)

select * from unregistered
