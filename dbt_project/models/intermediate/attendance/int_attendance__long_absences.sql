with
calendar as (select * from {{ source('landing', 'calendar') }}),
spells as {{ known_by_child(ref('int_enrollments__spells'), today()) }},
known as {{ known_by_child(ref('int_attendance__months'), today()) }},

this_year as (
    select known.*
    from known
    cross join calendar
    where
        known.school_year = year(calendar.today)
        and known.school_year not in ({{ var('pandemic_years') | join(', ') }})
),

months as (
    {{ months_of_persons('this_year', ['absence_days', 'unjustified_absence_days']) }}
),

absences as (
    select
        person_key,
        sum(absence_days) as absence_days,
        sum(unjustified_absence_days) as unjustified_absence_days
    from months
    group by person_key
    having sum(absence_days) > {{ var('long_absence_days') }}
),

current_schools as (
    select
        spells.person_key,
        spells.service_code,
        spells.grade
    from spells
    cross join calendar
    where
        spells.school_year = year(calendar.today)
        and spells.level in ('B0', 'F0')
        and {{ is_attending('spells.enrollment_state') }}
    qualify row_number() over (
        partition by spells.person_key
        order by spells.enrolled_date desc nulls last, spells.service_code asc
    ) = 1
),

long_absences as (
    select
        absences.person_key as child_key,
        current_schools.service_code,
        current_schools.grade,
        cast(absences.absence_days as integer) as absence_days,
        cast(absences.unjustified_absence_days as integer) as unjustified_absence_days
    from absences
    inner join current_schools on absences.person_key = current_schools.person_key
)

select * from long_absences
