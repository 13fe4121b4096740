with
scores as (select * from {{ ref('risk_scores') }} where probability is not null),
live as (select * from {{ source('ml', 'model_versions') }} where is_live),
features as (select * from {{ ref('child_features') }} where ugel_code is not null),
objections as (select * from {{ ref('int_children__objections') }}),

ranked as (
    select
        features.ugel_code,
        scores.as_of_date,
        scores.probability,
        scores.tier,
        row_number() over (
            partition by features.ugel_code, scores.as_of_date order by scores.rank_in_ugel
        ) as n_listed,
        sum(scores.probability) over (
            partition by features.ugel_code, scores.as_of_date order by scores.rank_in_ugel
        ) as n_expected
    from scores
    inner join live on scores.model_version = live.model_version and scores.outcome = live.outcome
    inner join features on {{ same_child_and_date('scores', 'features') }}
    -- who must not be ranked is on no list of any length
    left join objections on scores.child_key = objections.child_key
    where objections.child_key is null
    qualify scores.as_of_date = max(scores.as_of_date) over ()
),

-- what a list of each length would find, up to twice what can be visited
lengths as (
    select
        ugel_code,
        as_of_date,
        cast(n_listed as integer) as n_listed,
        round(n_expected, 2) as n_expected,
        round(probability, 4) as last_probability,
        tier = 'alto' as is_within_capacity
    from ranked
    where tier in ('alto', 'medio')
)

select * from lengths
