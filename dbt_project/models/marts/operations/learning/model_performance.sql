with
metrics as (select * from {{ source('ml', 'model_metrics') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

performance as (
    select
        metrics.model_version,
        metrics.outcome,
        metrics.dataset,
        metrics.ranked_by,
        metrics.segment,
        metrics.metric,
        metrics.value,
        metrics.low,
        metrics.high,
        coalesce(versions.is_live, false) as is_live
    from metrics
    left join versions
        on metrics.model_version = versions.model_version and metrics.outcome = versions.outcome
    where metrics.segment = 'all' or metrics.metric not in ('n_rows', 'n_cases', 'base_rate')
)

select * from performance
