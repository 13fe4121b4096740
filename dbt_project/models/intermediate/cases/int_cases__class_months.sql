with
classes as (select * from {{ ref('int_cases__classes') }}),
attendance as {{ known_by_child(ref('int_attendance__months'), today()) }},

-- a classmate of several children counts for each of them and is looked up once
classmates as (
    select distinct
        classmate_key,
        school_year
    from classes
),

of_classmates as (
    select attendance.*
    from attendance
    inner join classmates
        on
            attendance.person_key = classmates.classmate_key
            and attendance.school_year = classmates.school_year
),

months as (
    {{ months_of_persons('of_classmates', numbers=['open_days', 'absence_days']) }}
),

class_months as (
    select
        classes.child_key,
        months.school_year,
        months.month,
        cast(count(*) as integer) as n_classmates,
        -- of few others a median would tell about each
        case
            when count(*) >= {{ var('smallest_class') }}
                then {{ rounded('median((months.open_days - months.absence_days)'
                    ~ ' / cast(months.open_days as double))', 2) }}
        end as class_attendance_share
    from classes
    inner join months
        on
            classes.classmate_key = months.person_key
            and classes.school_year = months.school_year
    group by classes.child_key, months.school_year, months.month
)

select * from class_months
