with
scores as (
    select * from {{ ref('risk_scores') }} where model_version not like 'rule:%'
),
live as (
    select * from {{ source('ml', 'model_versions') }} where is_live and outcome <> 'repetition'
),
features as (select * from {{ ref('child_features') }} where ugel_code is not null),
objections as (select * from {{ ref('int_children__objections') }}),

ranked as (
    select
        features.ugel_code,
        scores.as_of_date,
        scores.rank_in_ugel,
        scores.probability,
        {{ with_level('scores', '- live.level_range') }} as probability_low,
        {{ with_level('scores', '+ live.level_range') }} as probability_high,
        scores.tier
    from scores
    inner join live on scores.model_version = live.model_version and scores.outcome = live.outcome
    inner join features on {{ same_child_and_date('scores', 'features') }}
    -- who must not be ranked is on no list of any length
    left join objections on scores.child_key = objections.child_key
    where objections.child_key is null
    qualify scores.as_of_date = max(scores.as_of_date) over ()
),

added_up as (
    select
        ugel_code,
        as_of_date,
        probability,
        tier,
        row_number() over (up_to_here) as n_listed,
        sum(probability) over (up_to_here) as n_expected,
        {{ lowest_of('probability', 'over (up_to_here)') }} as n_expected_low,
        {{ highest_of('probability', 'over (up_to_here)') }} as n_expected_high,
        count(*) over (up_to_here) = count(probability) over (up_to_here) as is_whole
    from ranked
    window up_to_here as (partition by ugel_code, as_of_date order by rank_in_ugel)
),

-- what a list of each length would find, up to twice what can be visited; where the model ranks
-- without probabilities, nothing is expected from there on
lengths as (
    select
        ugel_code,
        as_of_date,
        cast(n_listed as integer) as n_listed,
        case when is_whole then {{ rounded('n_expected', 2) }} end as n_expected,
        case when is_whole then {{ rounded('n_expected_low', 2) }} end as n_expected_low,
        case when is_whole then {{ rounded('n_expected_high', 2) }} end as n_expected_high,
        {{ rounded('probability', 4) }} as last_probability,
        tier = 'alto' as is_within_capacity
    from added_up
    where tier in ('alto', 'medio')
)

select * from lengths
