with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

attendance as (
    select * from {{ ref('child_attendance') }}
    where as_of_date = {{ as_of() }}
),

grades as (
    select * from {{ ref('child_grades') }}
    where as_of_date = {{ as_of() }}
),

household as (
    select * from {{ ref('child_household') }}
    where as_of_date = {{ as_of() }}
),

withheld as (
    -- a region whose month is missing is shown as missing; the others go on
    select
        region,
        count(*) as n_months
    from {{ source('landing', 'withheld') }}
    where
        source = 'siagie_progress.siagie_attendance'
        and left(period, 4) = cast(year({{ as_of() }}) as varchar)
        and known_at <= {{ as_of() }}
        and coalesce(resolved_at, {{ far_future() }}) > {{ as_of() }}
    group by region
),

missing as (
    select
        pupils.child_key,
        pupils.as_of_date,
        attendance.attendance_share is null as lacks_attendance,
        cast(coalesce(withheld.n_months, 0) as integer) as n_withheld_months,
        grades.n_areas is null as lacks_marks,
        household.poverty_class is null as lacks_household_class,
        pupils.guardian_key is null as lacks_guardian,
        pupils.ugel_code is null as lacks_school_register
    from pupils
    inner join attendance on pupils.child_key = attendance.child_key
    inner join grades on pupils.child_key = grades.child_key
    inner join household on pupils.child_key = household.child_key
    left join withheld on pupils.department_code = withheld.region
)

select * from missing
