with
aliases as (select * from {{ ref('int_cases__children') }} where alias_key = child_key),
attendance as {{ known_by_child(ref('int_attendance__months'), today()) }},
class_months as (select * from {{ ref('int_cases__class_months') }}),

of_children as (
    select attendance.*
    from attendance
    inner join aliases on attendance.person_key = aliases.child_key
    where attendance.school_year >= year({{ today() }}) - 1
),

months as (
    {{ months_of_persons('of_children') }}
),

attendance_months as (
    select
        cast(months.person_key as string) as child_key,
        make_date(months.school_year, months.month, 1) as month_start,
        months.open_days,
        months.absence_days,
        months.unjustified_absence_days,
        months.late_days,
        coalesce(class_months.n_classmates, 0) as n_classmates,
        class_months.class_attendance_share
    from months
    left join class_months
        on
            months.person_key = class_months.child_key
            and months.school_year = class_months.school_year
            and months.month = class_months.month
)

select * from attendance_months
