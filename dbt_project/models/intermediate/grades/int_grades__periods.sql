{{ config(materialized='as_of') }}

with
known_areas as {{ known_by_child(ref('int_grades__areas')) }},

recent as (
    select * from known_areas
    where school_year between year({{ as_of() }}) - 1 and year({{ as_of() }})
),

areas as {{ areas_told_last('recent') }},

periods as (
    select
        person_key as child_key,
        {{ as_of() }} as as_of_date,
        school_year,
        period,
        cast(count(*) as integer) as n_areas,
        cast(sum(cast(is_failed as integer)) as integer) as n_failed_areas,
        cast(sum(points) as integer) as points,
        cast(sum(n_competences) as integer) as n_competences,
        cast(sum(n_lowest) as integer) as n_lowest,
        max({{ share('points', 'n_competences') }}) as best_area_points,
        min({{ share('points', 'n_competences') }}) as worst_area_points,
        bool_or(is_failed and learning_area = 'MATEMATICA') as has_failed_mathematics,
        bool_or(is_failed and learning_area = 'COMUNICACION') as has_failed_communication
    from areas
    group by person_key, school_year, period
),

ranked as (
    select
        *,
        cast(row_number() over (
            partition by child_key order by school_year desc, period desc
        ) as bigint) as recency
    from periods
)

select * from ranked
