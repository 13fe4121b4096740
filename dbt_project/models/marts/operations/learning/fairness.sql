with
metrics as (select * from {{ source('ml', 'model_metrics') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

-- protected traits, and two of them at a time
grouped as (
    select
        metrics.*,
        coalesce(versions.is_live, false) as is_live
    from metrics
    inner join versions
        on
            metrics.model_version = versions.model_version
            and metrics.outcome = versions.outcome
            and metrics.ranked_by = versions.algorithm
    where
        metrics.dataset = 'validation'
        and regexp_matches(metrics.segment, '^(sex|language|disability|nationality)=')
),

wide as (
    select
        model_version,
        outcome,
        segment as group_name,
        is_live,
        max(case when metric = 'n_cases' then value end) as n_cases,
        max(case when metric = 'recall_at_capacity' then value end) as recall,
        max(case when metric = 'recall_at_capacity' then low end) as recall_low,
        max(case when metric = 'recall_at_capacity' then high end) as recall_high,
        max(case when metric = 'precision_at_capacity' then value end) as precision,
        max(case when metric = 'selection_rate_at_capacity' then value end) as selection_rate
    from grouped
    group by 1, 2, 3, 4
),

fairness as (
    select
        model_version,
        outcome,
        group_name,
        case when n_cases >= {{ var('smallest_shown') }} then cast(5 * round(n_cases / 5) as integer) end as n_cases,
        recall,
        recall_low,
        recall_high,
        precision,
        selection_rate,
        recall is not null as has_evidence,
        is_live
    from wide
)

select * from fairness
