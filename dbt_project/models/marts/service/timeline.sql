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

-- an area that two schools or two keys of a child tell of counts once, as told last
last_grades as (
    select
        grades.*,
        aliases.ugel_code,
        aliases.child_key as person_key
    from grades
    inner join aliases on grades.child_key = aliases.alias_key
    qualify row_number() over (
        partition by
            aliases.ugel_code,
            aliases.child_key,
            grades.school_year,
            grades.period,
            grades.learning_area
        order by {{ told_last() }}
    ) = 1
),

marks as (
    select
        ugel_code,
        person_key as child_key,
        known_at as happened_on,
        'notas' as kind,
        concat(school_year, ' ', period) as detail,
        cast(is_failed as integer) as amount,
        1 as out_of
    from last_grades
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
