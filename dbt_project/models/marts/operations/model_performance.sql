with
metrics as (select * from {{ source('ml', 'model_metrics') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

counted as (
    select
        *,
        max(case when metric = 'n_cases' then value end) over (same_group) as n_cases,
        max(case when metric = 'recall_at_capacity' then value end) over (same_group) as recall
    from metrics
    window same_group as (partition by model_version, outcome, dataset, ranked_by, segment)
),

-- of groups only rates, and none that tells of few children; protected traits: see fairness
shown as (
    select *
    from counted
    where
        segment = 'all'
        or (
            metric not in ('n_rows', 'n_cases', 'base_rate')
            and not {{ is_protected('segment') }}
            and least(round(recall * n_cases), n_cases - round(recall * n_cases))
            >= {{ var('smallest_shown') }}
        )
),

performance as (
    select
        shown.model_version,
        shown.outcome,
        shown.dataset,
        shown.ranked_by,
        shown.segment,
        shown.metric,
        case when shown.segment = 'all' then shown.value else round(shown.value, 2) end as value,
        case when shown.segment = 'all' then shown.low else round(shown.low, 2) end as low,
        case when shown.segment = 'all' then shown.high else round(shown.high, 2) end as high,
        coalesce(versions.is_live, false) as is_live
    from shown
    left join versions
        on shown.model_version = versions.model_version and shown.outcome = versions.outcome
)

select * from performance
