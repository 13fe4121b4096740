with

features as (
    select
        child_key,
        as_of_date,
        ugel_code,
        service_code,
        level
    from {{ ref('child_features') }}
    qualify as_of_date = max(as_of_date) over ()
),

scores as (
    select * from {{ ref('risk_scores') }}
    where tier = 'alto'
),

live as (
    select
        model_version,
        outcome
    from {{ source('ml', 'model_versions') }}
    where is_live
),

listed as (
    select
        scores.child_key,
        scores.as_of_date
    from scores
    inner join live on scores.model_version = live.model_version and scores.outcome = live.outcome
    qualify scores.as_of_date = max(scores.as_of_date) over ()
),

schools as (
    select
        features.ugel_code,
        features.as_of_date,
        features.service_code,
        features.level,
        cast(count(*) as bigint) as n_pupils,
        cast(count(listed.child_key) as bigint) as n_listed
    from features
    left join listed on features.child_key = listed.child_key and features.as_of_date = listed.as_of_date
    where features.ugel_code is not null
    group by features.ugel_code, features.as_of_date, features.service_code, features.level
)

select * from schools
