with
listed as (select * from {{ ref('int_lists__repetition') }}),
features as (select * from {{ ref('child_features') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
safe_reasons as (select * from {{ ref('int_lists__tutor_reasons') }}),

-- for tutors: no visit and no case follows from it
repetition as (
    select
        features.ugel_code,
        listed.as_of_date,
        listed.rank_in_ugel,
        cast(listed.child_key as string) as child_key,
        features.service_code,
        {{ school_name('features.service_code') }} as school_name,
        features.grade,
        pupils.section,
        listed.probability,
        case
            when listed.probability is null then 'orden sin probabilidad'
            when listed.probability >= 0.50 then 'al menos 1 de cada 2'
            when listed.probability >= 0.25 then 'entre 1 de cada 4 y 1 de cada 2'
            when listed.probability >= 0.10 then 'entre 1 de cada 10 y 1 de cada 4'
            else 'menos de 1 de cada 10'
        end as probability_text,
        coalesce(safe_reasons.reason_text, 'sin motivo que pueda mostrarse aquí') as reason_text,
        coalesce(safe_reasons.action_text, 'reforzamiento escolar') as action_text,
        listed.expires_on,
        listed.model_version
    from listed
    inner join features on {{ same_child_and_date('listed', 'features') }}
    inner join pupils on {{ same_child_and_date('listed', 'pupils') }}
    left join safe_reasons
        on
            listed.child_key = safe_reasons.child_key
            and listed.as_of_date = safe_reasons.as_of_date
            and listed.model_version = safe_reasons.model_version
)

select * from repetition
