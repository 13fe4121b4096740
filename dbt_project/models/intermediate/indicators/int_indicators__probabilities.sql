with
live as (
    select * from {{ source('ml', 'model_versions') }} where is_live and outcome = 'interruption'
),

scores as (
    select
        risk_scores.child_key,
        risk_scores.as_of_date,
        risk_scores.probability,
        {{ with_level('risk_scores', '- live.level_range') }} as probability_low,
        {{ with_level('risk_scores', '+ live.level_range') }} as probability_high
    from {{ ref('risk_scores') }} as risk_scores
    inner join live
        on risk_scores.model_version = live.model_version and risk_scores.outcome = live.outcome
    -- a withheld probability is null and counts: a mean of the others would not be the group's
    where risk_scores.model_version not like 'rule:%'
),

newest as (select max(as_of_date) as as_of_date from scores),

features as (
    select
        child_features.child_key,
        child_features.as_of_date,
        child_features.department_code,
        child_features.ugel_code,
        child_features.level
    from {{ ref('child_features') }} as child_features
    inner join newest on child_features.as_of_date = newest.as_of_date
    where child_features.department_code is not null
),

scored as (
    select
        features.*,
        scores.probability,
        scores.probability_low,
        scores.probability_high
    from scores
    inner join features on {{ same_child_and_date('scores', 'features') }}
)

select * from scored
