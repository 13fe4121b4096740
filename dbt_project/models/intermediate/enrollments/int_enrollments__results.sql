{{ config(materialized='view') }}

with
spells as (select * from {{ ref('int_enrollments__spells') }}),

results as (
    select
        child_key,
        school_year,
        service_code,
        level,
        grade,
        enrollment_state,
        enrolled_date,
        entry_situation = 'REPITE' as is_repeat,
        entry_situation in ('REENTRANTE', 'REINGRESANTE') as is_reentry,
        -- what happened after the year's end does not change its result
        coalesce(enrollment_state = 'FALLECIDO' or final_result = 'FALLECIDO', false)
            as is_deceased,
        coalesce(withdrawal_reason = 'VIAJE AL EXTRANJERO', false) as is_emigrated,
        -- repetition is final only after the recovery program
        case
            when enrollment_state = 'TRASLADADO' then 'transferred'
            when final_result = 'REQUIERE RECUPERACION' and recovery_result = 'APROBADO'
                then 'passed'
            when final_result = 'REQUIERE RECUPERACION' and recovery_result = 'DESAPROBADO'
                then 'failed'
            when final_result = 'REQUIERE RECUPERACION' then 'in_recovery'
            when final_result in ('APROBADO', 'PROMOCION GUIADA') then 'passed'
            when final_result = 'DESAPROBADO' then 'failed'
            when final_result = 'POSTERGACION' then 'postponed'
            when enrollment_state = 'FALLECIDO' or final_result = 'FALLECIDO' then 'deceased'
            when withdrawal_reason = 'VIAJE AL EXTRANJERO' then 'emigrated'
            when enrollment_state = 'RETIRADO' or final_result = 'RETIRADO' then 'withdrawn'
        end as year_result,
        known_at,
        known_until
    from spells
),

-- of a pupil's schools of a year the greatest is the one enrolled at last: who failed at one may
-- pass at the next; of two enrolled at on one day, the one that was passed
ordered as (
    select
        *,
        10 * {{ days_between("cast('2000-01-01' as date)", 'enrolled_date') }}
        + case year_result
            when 'passed' then 7
            when 'failed' then 6
            when 'in_recovery' then 5
            when 'postponed' then 4
            when 'withdrawn' then 3
            when 'emigrated' then 2
            when 'deceased' then 1
            else 0
        end as school_order
    from results
)

select * from ordered
