-- depends_on: {{ ref('dim_pupil') }}: a task's tests run when it ends
with
-- 2020 and 2021: schools were closed, «attended» meant another thing
known as (
    select * from {{ known_by_child(ref('int_attendance__months'), today()) }}
    where school_year not in ({{ var('pandemic_years') | join(', ') }})
),

months as (
    {{ months_of_persons('known', also=[
        'max_by(service_code, open_days) as service_code', 'max(known_at) as known_from',
    ]) }}
),

schools as (select * from {{ ref('dim_school') }}),

attendance as (
    select
        {{ pupil_key('months.person_key', 'months.school_year') }} as pupil_key,
        months.person_key as child_key,
        months.school_year,
        months.month,
        make_date(months.school_year, months.month, 1) as month_start,
        schools.school_key,
        months.open_days,
        months.absence_days,
        months.unjustified_absence_days,
        months.late_days,
        months.known_from
    from months
    left join schools
        on
            months.service_code = schools.service_code
            and {{ holds_on('schools', 'make_date(months.school_year, 12, 31)') }}
)

select * from attendance
