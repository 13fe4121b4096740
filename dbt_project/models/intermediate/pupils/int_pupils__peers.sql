{{ config(materialized='as_of') }}

with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
progression as {{ of_date(ref('child_progression')) }},

attendance as (
    select * from {{ ref('int_attendance__years') }}
    where as_of_date = {{ as_of() }} and school_year = year({{ as_of() }})
),

last_marks as (
    select * from {{ ref('int_grades__periods') }} where as_of_date = {{ as_of() }} and recency = 1
),

peers as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.service_code,
        pupils.grade,
        pupils.section,
        pupils.guardian_key,
        pupils.ugel_code,
        attendance.n_months as n_attendance_months,
        attendance.open_days,
        attendance.absence_days,
        last_marks.points,
        last_marks.n_competences,
        last_marks.n_failed_areas,
        progression.over_age_years >= {{ var('over_age_risk_years') }} as is_over_age,
        progression.n_moves_this_year > 0 or pupils.is_in_transit as has_moved,
        {{ speaks_indigenous('pupils.mother_tongue') }} as speaks_other
    from pupils
    inner join progression on pupils.child_key = progression.child_key
    left join attendance on pupils.child_key = attendance.child_key
    left join last_marks on pupils.child_key = last_marks.child_key
)

select * from peers
