with
listed as (select * from {{ ref('int_lists__current') }}),
attendance as {{ known_by_child(ref('int_attendance__months'), list_day()) }},

of_listed as (
    select attendance.*
    from attendance
    inner join listed
        on
            attendance.person_key = listed.child_key
            and attendance.school_year = year(listed.as_of_date)
),

months as (
    {{ months_of_persons(
        'of_listed', numbers=['open_days', 'absence_days', 'unjustified_absence_days']
    ) }}
),

named as (
    select
        person_key as child_key,
        school_year,
        month,
        {{ month_name('month') }} as month_name,
        open_days,
        absence_days,
        unjustified_absence_days,
        {{ is_low_attendance(share('open_days - absence_days', 'open_days')) }} as is_low
    from months
)

select * from named
