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
)

select * from results
