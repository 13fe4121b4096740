with
listed as (select * from {{ ref('int_lists__current') }}),
features as (select * from {{ ref('child_features') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
safe_reasons as (select * from {{ ref('int_lists__tutor_reasons') }}),

first_actions as (
    select * from {{ ref('int_actions__due') }}
    where is_tutor_safe
    qualify row_number() over (partition by child_key order by action_position) = 1
),

priority as (
    select
        features.ugel_code,
        listed.as_of_date,
        listed.rank_in_ugel,
        cast(listed.child_key as string) as child_key,
        features.service_code,
        {{ school_name('features.service_code') }} as school_name,
        features.grade,
        pupils.section,
        listed.tier,
        listed.probability,
        case
            when listed.model_version like 'rule:%' then 'según la regla vigente'
            when listed.probability is null then 'orden sin probabilidad'
            when listed.probability >= 0.25 then 'al menos 1 de cada 4'
            when listed.probability >= 0.10 then 'entre 1 de cada 10 y 1 de cada 4'
            when listed.probability >= 0.05 then 'entre 1 de cada 20 y 1 de cada 10'
            else 'menos de 1 de cada 20'
        end as probability_text,
        coalesce(safe_reasons.reason_text, 'sin motivo que pueda mostrarse aquí') as reason_text,
        coalesce(first_actions.action_text, 'conversar con la familia') as action_text,
        {{ whole_days('listed.first_listed_on', 'listed.as_of_date') }} as days_since_listed,
        listed.expires_on,
        listed.model_version
    from listed
    inner join features on {{ same_child_and_date('listed', 'features') }}
    inner join pupils on {{ same_child_and_date('listed', 'pupils') }}
    left join first_actions on listed.child_key = first_actions.child_key
    left join safe_reasons
        on
            listed.child_key = safe_reasons.child_key
            and listed.as_of_date = safe_reasons.as_of_date
            and listed.model_version = safe_reasons.model_version
)

select * from priority
