with
live as (select * from {{ source('ml', 'model_versions') }} where is_live and outcome = 'interruption'),

scores as (
    select
        risk_scores.child_key,
        risk_scores.as_of_date,
        risk_scores.probability
    from {{ ref('risk_scores') }} as risk_scores
    inner join live on risk_scores.model_version = live.model_version and risk_scores.outcome = live.outcome
    where risk_scores.probability is not null
),

newest as (select max(as_of_date) as as_of_date from scores),

features as (
    select
        child_features.child_key,
        child_features.as_of_date,
        child_features.department_code,
        child_features.level
    from {{ ref('child_features') }} as child_features
    inner join newest on child_features.as_of_date = newest.as_of_date
    where child_features.department_code is not null
),

groups as (
    select
        scores.as_of_date,
        coalesce(features.department_code, '00') as department_code,
        features.level,
        count(*) as n_children,
        avg(scores.probability) as mean_probability
    from scores
    inner join features on scores.child_key = features.child_key and scores.as_of_date = features.as_of_date
    group by scores.as_of_date, features.level, rollup(features.department_code)
),

-- a mean of few is not told, and with it not the nation's, which would tell it
told as (
    select
        *,
        case when department_code = '00' then min(n_children) over (partition by level) else n_children end
        >= 2 * {{ var('smallest_shown') }} as is_told
    from groups
),

expected as (
    select
        told.as_of_date,
        told.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        told.level,
        case when told.is_told then round(told.mean_probability, 3) end as mean_probability
    from told
    left join {{ ref('departments') }} as departments on told.department_code = departments.department_code
)

select * from expected
