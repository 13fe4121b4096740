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
    where metrics.dataset = 'validation' and {{ is_protected('metrics.segment') }}
),

wide as (
    select
        model_version,
        outcome,
        segment as group_name,
        {{ replaced_all('segment', '=[^&]*', '') }} as traits,
        is_live,
        max(case when metric = 'n_rows' then value end) as n_rows,
        max(case when metric = 'n_cases' then value end) as n_cases,
        max(case when metric = 'recall_at_capacity' then value end) as recall,
        max(case when metric = 'recall_at_capacity' then low end) as low,
        max(case when metric = 'recall_at_capacity' then high end) as high,
        max(case when metric = 'selection_rate_at_capacity' then value end) as selection_rate
    from grouped
    group by 1, 2, 3, 4, 5
),

-- where those found or those missed are few, neither is told, and no rate gives them away
counted as (
    select
        *,
        round(recall * n_cases) as n_found,
        round(selection_rate * n_rows) as n_listed,
        -- with one group hidden so are the others of the same traits: the total would give it away
        min(
            coalesce(
                least(
                    round(recall * n_cases),
                    n_cases - round(recall * n_cases),
                    round(selection_rate * n_rows) - round(recall * n_cases)
                ),
                0
            )
        ) over (
            partition by model_version, outcome, traits
        ) >= {{ var('smallest_shown') }} as has_evidence,
        min(coalesce(n_cases, 0)) over (
            partition by model_version, outcome, traits
        ) >= {{ var('smallest_shown') }} as has_cases
    from wide
),

fairness as (
    select
        model_version,
        outcome,
        group_name,
        case when has_cases then cast(5 * round(n_cases / 5) as integer) end as n_cases,
        case
            when has_evidence then {{ rounded('round(n_found / 5) / round(n_cases / 5)', 2) }}
        end as recall,
        case when has_evidence then {{ rounded('low', 2) }} end as recall_low,
        case when has_evidence then {{ rounded('high', 2) }} end as recall_high,
        case when has_evidence then {{ rounded('round(n_found / 5) / round(n_listed / 5)', 2) }} end
            as precision,
        case when has_evidence then {{ rounded('round(n_listed / 5) / round(n_rows / 5)', 2) }} end
            as selection_rate,
        has_evidence,
        is_live
    from counted
)

select * from fairness
