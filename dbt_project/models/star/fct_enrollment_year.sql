-- depends_on: {{ ref('dim_grade') }}: a task's tests run when it ends
with
years as (select * from {{ ref('int_enrollments__years') }}),
schools as (select * from {{ ref('dim_school') }}),
pupils as (select * from {{ ref('dim_pupil') }}),
months as (select * from {{ ref('fct_attendance_month') }}),

attendance as (
    select
        child_key,
        school_year,
        cast(sum(open_days) as integer) as open_days,
        cast(sum(absence_days) as integer) as absence_days
    from months
    group by child_key, school_year
),

enrollments as (
    select
        {{ pupil_key('years.child_key', 'years.school_year') }} as pupil_key,
        years.child_key,
        years.school_year,
        years.service_code,
        schools.school_key,
        years.level,
        years.grade,
        years.year_result,
        coalesce(years.is_repeat, false) as is_repeater,
        coalesce(years.is_reentry, false) as is_reentrant,
        cast(years.n_schools as integer) as n_schools,
        years.flow,
        years.flow_known_from,
        attendance.open_days,
        attendance.absence_days,
        -- traits stand here too: a join of all pupils with all pupils is slow
        pupils.is_female,
        pupils.speaks_indigenous_language,
        pupils.has_disability,
        pupils.is_foreign,
        pupils.age_at_march,
        pupils.is_on_juntos_roll,
        years.known_from
    from years
    inner join pupils
        on years.child_key = pupils.child_key and years.school_year = pupils.school_year
    left join schools
        on
            years.service_code = schools.service_code
            and {{ holds_on('schools', 'make_date(years.school_year, 12, 31)') }}
    left join attendance
        on years.child_key = attendance.child_key and years.school_year = attendance.school_year
)

select * from enrollments
