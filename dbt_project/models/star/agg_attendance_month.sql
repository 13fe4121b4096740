with
months as (select * from {{ ref('fct_attendance_month') }}),
pupils as (select * from {{ ref('dim_pupil') }}),

attendance as (
    select
        months.school_key,
        months.school_year,
        months.month,
        months.month_start,
        pupils.is_female,
        count(*) as n_pupils,
        sum(months.open_days) as open_days,
        sum(months.absence_days) as absence_days
    from months
    left join pupils
        on months.child_key = pupils.child_key and months.school_year = pupils.school_year
    group by 1, 2, 3, 4, 5
)

select
    school_key,
    school_year,
    month,
    month_start,
    is_female,
    cast(n_pupils as integer) as n_pupils,
    cast(open_days as integer) as open_days,
    cast(absence_days as integer) as absence_days
from attendance
