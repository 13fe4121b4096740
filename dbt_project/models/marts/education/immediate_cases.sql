with
looked_for as (select * from {{ ref('int_cases__looked_for') }}),
calendar as (select * from {{ source('landing', 'calendar') }}),

-- a rule needs no model: these children are looked for at every delivery
immediate as (
    select
        looked_for.ugel_code,
        calendar.today as on_date,
        cast(looked_for.child_key as string) as child_key,
        looked_for.service_code,
        {{ school_name('looked_for.service_code') }} as school_name,
        looked_for.grade,
        looked_for.need,
        case looked_for.need
            when 'long_absence'
                then concat(
                    'acumula ', looked_for.absence_days, ' días de falta este año, ',
                    looked_for.unjustified_absence_days, ' de ellos sin justificar'
                )
            else 'estuvo matriculado el año pasado y este año no figura'
        end as reason_text,
        'visita domiciliaria' as action_text
    from looked_for
    cross join calendar
)

select * from immediate where ugel_code is not null
