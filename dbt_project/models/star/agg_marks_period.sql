with
marks as (select * from {{ ref('fct_marks_period') }}),
pupils as (select * from {{ ref('dim_pupil') }}),

counted as (
    select
        marks.school_key,
        marks.school_year,
        marks.period,
        marks.learning_area,
        pupils.is_female,
        count(*) as n_areas,
        count(*) filter (where marks.is_failed) as n_failed_areas,
        sum(marks.n_competences) as n_competences,
        sum(marks.points) as points
    from marks
    left join pupils
        on marks.child_key = pupils.child_key and marks.school_year = pupils.school_year
    group by 1, 2, 3, 4, 5
)

select
    school_key,
    school_year,
    period,
    learning_area,
    is_female,
    cast(n_areas as integer) as n_areas,
    cast(n_failed_areas as integer) as n_failed_areas,
    cast(n_competences as integer) as n_competences,
    cast(points as integer) as points
from counted
