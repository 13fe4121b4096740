with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

-- 2020 and 2021: schools were closed, «attended» meant another thing
months as {{ known_by_child(ref('int_attendance__months')) }},

comparable as (
    select
        person_key,
        school_year,
        month,
        sum(open_days) as open_days,
        sum(absence_days) as absence_days,
        sum(unjustified_absence_days) as unjustified_absence_days,
        sum(late_days) as late_days
    from months
    where
        absence_days is not null
        and open_days > 0
        and school_year between year({{ as_of() }}) - 1 and year({{ as_of() }})
        and school_year not in ({{ var('pandemic_years') | join(', ') }})
    group by person_key, school_year, month
),

this_year as (
    select
        person_key,
        sum(open_days) as open_days,
        sum(absence_days) as absence_days,
        sum(unjustified_absence_days) as unjustified_absence_days,
        sum(late_days) as late_days,
        max_by(absence_days, month) as last_absence_days,
        max_by(open_days, month) as last_open_days,
        sum(cast({{ is_low_attendance(share('open_days - absence_days', 'open_days')) }} as integer)) as n_low
    from comparable
    where school_year = year({{ as_of() }})
    group by person_key
),

last_year as (
    select
        person_key,
        {{ share('sum(open_days) - sum(absence_days)', 'sum(open_days)') }} as attendance_share
    from comparable
    where school_year = year({{ as_of() }}) - 1
    group by person_key
),

attendance as (
    select
        pupils.child_key,
        pupils.as_of_date,
        {{ share('t.open_days - t.absence_days', 't.open_days') }} as attendance_share,
        {{ share('t.last_open_days - t.last_absence_days', 't.last_open_days') }} as last_month_attendance_share,
        {{ share('t.last_open_days - t.last_absence_days', 't.last_open_days') }}
        - {{ share('(t.open_days - t.last_open_days) - (t.absence_days - t.last_absence_days)',
            't.open_days - t.last_open_days') }} as attendance_change,
        cast(t.absence_days as integer) as absence_days,
        cast(t.last_absence_days as integer) as last_month_absence_days,
        cast(t.unjustified_absence_days as integer) as unjustified_absence_days,
        cast(t.late_days as integer) as late_days,
        cast(t.n_low as integer) as n_low_attendance_months,
        last_year.attendance_share as last_year_attendance_share
    from pupils
    left join this_year as t on pupils.child_key = t.person_key
    left join last_year on pupils.child_key = last_year.person_key
)

select * from attendance
