with

long_absences as (
    select * from {{ ref('int_supports__long_absences') }}
),

unregistered as (
    select * from {{ ref('int_supports__unregistered') }}
),

calendar as (
    select * from {{ source('landing', 'calendar') }}
),

schools as (
    select * from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }}
),

cases as (
    select
        child_key,
        service_code,
        grade,
        'long_absence' as need,
        absence_days
    from long_absences
    union all
    select
        child_key,
        service_code,
        grade,
        'unregistered' as need,
        null as absence_days
    from unregistered
),

-- a rule needs no model: these children are looked for at every delivery
immediate as (
    select
        schools.ugel_code,
        calendar.today as on_date,
        cast(cases.child_key as varchar) as child_key,
        cases.service_code,
        cases.grade,
        cases.need,
        case cases.need
            when 'long_absence' then concat('acumula ', cases.absence_days, ' días de falta este año')
            else 'estuvo matriculado el año pasado y este año no figura'
        end as reason_text,
        'visita domiciliaria' as action_text
    from cases
    cross join calendar
    left join schools on cases.service_code = schools.service_code
)

select * from immediate
where ugel_code is not null
