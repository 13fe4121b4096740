with
aliases as (select * from {{ ref('int_cases__children') }}),
attendance as (select * from {{ ref('int_attendance__months') }} where known_until = {{ far_future() }}),
grades as (select * from {{ ref('int_grades__areas') }} where known_until = {{ far_future() }}),
spells as (select * from {{ ref('int_enrollments__spells') }} where known_until = {{ far_future() }}),

happened as (
    select
        child_key,
        make_date(school_year, month, 1) as happened_on,
        'asistencia' as kind,
        service_code as detail,
        absence_days as amount,
        open_days as out_of
    from attendance
    union all
    select
        child_key,
        known_at as happened_on,
        'notas' as kind,
        concat(school_year, ' ', period) as detail,
        cast(is_failed as integer) as amount,
        1 as out_of
    from grades
    union all
    select
        child_key,
        enrolled_date as happened_on,
        'matricula' as kind,
        concat(school_year, ' ', service_code, ' ', grade) as detail,
        0 as amount,
        0 as out_of
    from spells
    where enrolled_date is not null
),

timeline as (
    select
        aliases.ugel_code,
        cast(aliases.child_key as varchar) as child_key,
        happened.kind,
        happened.detail,
        max(happened.happened_on) as happened_on,
        cast(sum(happened.amount) as integer) as amount,
        cast(sum(happened.out_of) as integer) as out_of
    from happened
    inner join aliases on happened.child_key = aliases.alias_key
    -- a month of attendance is a day of its own; marks and enrollments of a year are one, however often they were told
    group by
        aliases.ugel_code, aliases.child_key, happened.kind, happened.detail,
        case when happened.kind = 'asistencia' then happened.happened_on end
)

select * from timeline
