with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
years as {{ of_date(ref('int_attendance__years')) }},
this_year as (select * from years where school_year = year({{ as_of() }})),
classes as {{ of_date(ref('int_pupils__class_sums')) }},

last_year as (
    select
        child_key,
        {{ share('open_days - absence_days', 'open_days') }} as attendance_share
    from years
    where school_year = year({{ as_of() }}) - 1
),

beside_class as (
    select
        pupils.child_key,
        pupils.as_of_date,
        this_year.open_days,
        this_year.absence_days,
        this_year.unjustified_absence_days,
        this_year.late_days,
        this_year.last_open_days,
        this_year.last_absence_days,
        this_year.worst_month_share,
        this_year.n_low_months,
        this_year.longest_low_run_months,
        this_year.absence_days_slope,
        classes.open_days - this_year.open_days as mates_open_days,
        classes.absence_days - this_year.absence_days as mates_absence_days
    from pupils
    left join this_year on pupils.child_key = this_year.child_key
    left join classes on {{ in_same_class('pupils', 'classes') }}
),

shares as (
    select
        *,
        {{ share('open_days - absence_days', 'open_days') }} as attendance_share,
        {{ share('last_open_days - last_absence_days', 'last_open_days') }}
            as last_month_attendance_share,
        {{ share('(open_days - last_open_days) - (absence_days - last_absence_days)',
            'open_days - last_open_days') }} as earlier_attendance_share,
        {{ share('mates_open_days - mates_absence_days', 'mates_open_days') }}
            as mates_attendance_share
    from beside_class
),

attendance as (
    select
        shares.child_key,
        shares.as_of_date,
        shares.attendance_share,
        shares.last_month_attendance_share,
        {{ gap('shares.last_month_attendance_share', 'shares.earlier_attendance_share') }}
            as attendance_change,
        shares.absence_days,
        shares.unjustified_absence_days,
        shares.late_days,
        shares.n_low_months as n_low_attendance_months,
        shares.longest_low_run_months,
        shares.worst_month_share as worst_month_attendance_share,
        shares.absence_days_slope,
        {{ gap('shares.attendance_share', 'shares.mates_attendance_share') }}
            as class_attendance_gap,
        last_year.attendance_share as last_year_attendance_share,
        {{ gap('shares.attendance_share', 'last_year.attendance_share') }}
            as own_past_attendance_gap
    from shares
    left join last_year on shares.child_key = last_year.child_key
)

select * from attendance
