with

scores as (
    select * from {{ ref('risk_scores') }}
),

-- scores of earlier models stay in history; a list shows the one that is live
live as (
    select
        model_version,
        outcome
    from {{ source('ml', 'model_versions') }}
    where is_live
),

features as (
    select
        child_key,
        as_of_date,
        ugel_code,
        service_code,
        grade
    from {{ ref('child_features') }}
),

pupils as (
    select
        child_key,
        as_of_date,
        section
    from {{ ref('int_pupils__as_of') }}
),

safe_reasons as (
    select * from {{ ref('int_reasons__tutor_safe') }}
),

listed as (
    select
        scores.*,
        min(scores.as_of_date) over (
            partition by scores.child_key, scores.outcome, year(scores.as_of_date)
        ) as first_listed_on
    from scores
    where scores.tier = 'alto'
),

latest as (
    select listed.*
    from listed
    inner join live on listed.model_version = live.model_version and listed.outcome = live.outcome
    qualify listed.as_of_date = max(listed.as_of_date) over ()
),

priority as (
    select
        features.ugel_code,
        latest.as_of_date,
        latest.rank_in_ugel,
        cast(latest.child_key as varchar) as child_key,
        features.service_code,
        features.grade,
        pupils.section,
        latest.tier,
        latest.probability,
        case
            when latest.probability is null then 'según la regla vigente'
            when latest.probability >= 0.25 then 'al menos 1 de cada 4'
            when latest.probability >= 0.10 then 'entre 1 de cada 10 y 1 de cada 4'
            when latest.probability >= 0.05 then 'entre 1 de cada 20 y 1 de cada 10'
            else 'menos de 1 de cada 20'
        end as probability_text,
        coalesce(safe_reasons.reason_text, 'sin motivo que pueda mostrarse aquí') as reason_text,
        coalesce(safe_reasons.action_text, 'conversar con la familia') as action_text,
        cast({{ days_between('latest.first_listed_on', 'latest.as_of_date') }} as integer) as days_since_listed,
        latest.expires_on,
        latest.model_version
    from latest
    inner join features on latest.child_key = features.child_key and latest.as_of_date = features.as_of_date
    inner join pupils on latest.child_key = pupils.child_key and latest.as_of_date = pupils.as_of_date
    left join safe_reasons
        on
            latest.child_key = safe_reasons.child_key
            and latest.as_of_date = safe_reasons.as_of_date
            and latest.model_version = safe_reasons.model_version
)

select * from priority
