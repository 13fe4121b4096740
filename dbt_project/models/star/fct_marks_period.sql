-- depends_on: {{ ref('dim_pupil') }}: a task's tests run when it ends
with
known as {{ known_by_child(ref('int_grades__areas'), today()) }},
areas as {{ areas_told_last('known') }},
schools as (select * from {{ ref('dim_school') }}),

marks as (
    select
        {{ pupil_key('areas.person_key', 'areas.school_year') }} as pupil_key,
        areas.person_key as child_key,
        areas.school_year,
        areas.period,
        areas.learning_area,
        schools.school_key,
        areas.n_competences,
        areas.n_lowest,
        areas.points,
        areas.is_failed,
        areas.known_at as known_from
    from areas
    left join schools
        on
            areas.service_code = schools.service_code
            and {{ holds_on('schools', 'make_date(areas.school_year, 12, 31)') }}
)

select * from marks
