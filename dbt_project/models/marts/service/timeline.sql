with
aliases as (select * from {{ ref('int_cases__children') }}),
attendance as {{ newest(ref('int_attendance__months')) }},
grades as {{ newest(ref('int_grades__areas')) }},
spells as {{ newest(ref('int_enrollments__spells')) }},

-- each joined to the few children with a page before anything is made of its many rows
months as (
    select
        aliases.ugel_code,
        aliases.child_key,
        make_date(attendance.school_year, attendance.month, 1) as happened_on,
        'asistencia' as kind,
        attendance.service_code as detail,
        attendance.absence_days as amount,
        attendance.open_days as out_of
    from attendance
    inner join aliases on attendance.child_key = aliases.alias_key
),

marks as (
    select
        aliases.ugel_code,
        aliases.child_key,
        grades.known_at as happened_on,
        'notas' as kind,
        concat(grades.school_year, ' ', grades.period) as detail,
        cast(grades.is_failed as integer) as amount,
        1 as out_of
    from grades
    inner join aliases on grades.child_key = aliases.alias_key
),

enrollments as (
    select
        aliases.ugel_code,
        aliases.child_key,
        spells.enrolled_date as happened_on,
        'matricula' as kind,
        concat(spells.school_year, ' ', spells.service_code, ' ', spells.grade) as detail,
        0 as amount,
        0 as out_of
    from spells
    inner join aliases on spells.child_key = aliases.alias_key
    where spells.enrolled_date is not null
),

happened as (
    select * from months
    union all
    select * from marks
    union all
    select * from enrollments
),

timeline as (
    select
        ugel_code,
        cast(child_key as varchar) as child_key,
        kind,
        detail,
        max(happened_on) as happened_on,
        cast(sum(amount) as integer) as amount,
        cast(sum(out_of) as integer) as out_of
    from happened
    -- a month of attendance is a day of its own; marks and enrollments of a year are told once
    group by ugel_code, child_key, kind, detail, case when kind = 'asistencia' then happened_on end
)

select * from timeline
