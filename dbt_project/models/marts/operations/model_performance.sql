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

-- of everybody counts rounded to five; of groups only rates, and none that tells of few children;
-- protected traits: see fairness
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
        {% for figure in ('value', 'low', 'high') %}
            case
                when shown.metric in ('n_rows', 'n_cases') then 5 * round(shown.{{ figure }} / 5)
                when shown.segment = 'all' then round(shown.{{ figure }}, 4)
                else round(shown.{{ figure }}, 2)
            end as {{ figure }},
        {% endfor %}
        coalesce(versions.is_live, false) as is_live
    from shown
    left join versions
        on shown.model_version = versions.model_version and shown.outcome = versions.outcome
)

select * from performance
