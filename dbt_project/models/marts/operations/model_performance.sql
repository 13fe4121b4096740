with
metrics as (select * from {{ source('ml', 'model_metrics') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

performance as (
    select
        metrics.model_version,
        metrics.outcome,
        metrics.dataset,
        metrics.ranked_by,
        metrics.metric,
        metrics.value,
        metrics.low,
        metrics.high,
        coalesce(versions.is_live, false) as is_live
    from metrics
    left join versions
        on metrics.model_version = versions.model_version and metrics.outcome = versions.outcome
)

select * from performance
