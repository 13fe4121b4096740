with
metrics as (select * from {{ source('ml', 'model_metrics') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

-- figures of one list belong together by their ending: recall_at_5pct, precision_at_5pct
lists as (
    select
        *,
        regexp_extract(metric, '_at_(.*)$', 1) as list_name
    from metrics
),

counted as (
    select
        *,
        max(case when metric = 'n_rows' then value end) over (same_group) as n_rows,
        max(case when metric = 'n_cases' then value end) over (same_group) as n_cases,
        max(case when metric = 'recall_at_capacity' then value end) over (same_group) as recall,
        max(case when metric like 'recall%' and metric <> 'recall_gap' then value end)
            over (same_list) as list_recall
    from lists
    window
        same_group as (partition by model_version, outcome, dataset, ranked_by, segment),
        same_list as (
            partition by model_version, outcome, dataset, ranked_by, segment, list_name
        )
),

found as (
    select
        *,
        round(list_recall * n_cases) as n_found,
        round(recall * n_cases) as n_found_at_capacity,
        {{ is_match('metric', '^(recall|precision|lift)(_at_|$)') }} as is_of_found
    from counted
),

-- of everybody counts rounded to five and rates of such; of groups only rates; of none where few
-- are counted, found or missed; protected traits: see fairness
shown as (
    select
        *,
        case
            when segment <> 'all' or not is_of_found then 1
            -- as if of the rounded number found, of the rounded number of cases
            when metric like 'precision%' then 5 * round(n_found / 5) / n_found
            else round(n_found / 5) / n_found * n_cases / round(n_cases / 5)
        end as of_told
    from found
    where
        case
            when segment <> 'all'
                then
                    metric not in ('n_rows', 'n_cases', 'base_rate')
                    and not {{ is_protected('segment') }}
                    and least(n_found_at_capacity, n_cases - n_found_at_capacity)
                    >= {{ var('smallest_shown') }}
            when metric = 'n_rows' then n_rows >= {{ var('smallest_shown') }}
            when metric in ('n_cases', 'base_rate')
                then least(n_cases, n_rows - n_cases) >= {{ var('smallest_shown') }}
            when is_of_found
                then least(n_found, n_cases - n_found) >= {{ var('smallest_shown') }}
            else true
        end
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
                {% if figure == 'value' %}
                    when shown.metric = 'base_rate'
                        then {{ rounded('round(shown.n_cases / 5) / round(shown.n_rows / 5)', 4) }}
                {% endif %}
                {# how good probabilities and orders are: of no number of children #}
                when
                    shown.segment = 'all' and shown.metric in (
                        'brier', 'calibration_slope', 'expected_calibration_error', 'pr_auc',
                        'roc_auc'
                    )
                    then {{ rounded('shown.' ~ figure, 4) }}
                else {{ rounded('shown.' ~ figure ~ ' * shown.of_told', 2) }}
            end as {{ figure }},
        {% endfor %}
        coalesce(versions.is_live, false) as is_live
    from shown
    left join versions
        on shown.model_version = versions.model_version and shown.outcome = versions.outcome
)

select * from performance
