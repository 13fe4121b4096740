{#- Who is listed now for an outcome: on the newest date, by what is live. Scores of earlier models stay in history; nobody
    stands on a list against the family's objection or a human's decision, nor by a score that has expired. -#}
{% macro current_list(outcome) -%}
with
scores as (select * from {{ ref('risk_scores') }} where tier = 'alto'),
models as (select * from {{ source('ml', 'model_versions') }}),
live as (select * from models where is_live and outcome = '{{ outcome }}'),
calendar as (select * from {{ source('landing', 'calendar') }}),
objections as (select * from {{ ref('int_children__objections') }}),
removals as (select * from {{ ref('int_lists__removals') }}),

listed as (
    select
        *,
        min(as_of_date) over (partition by child_key, outcome, year(as_of_date)) as first_listed_on
    from scores
),

latest as (
    select listed.*
    from listed
    inner join live on listed.model_version = live.model_version and listed.outcome = live.outcome
    qualify listed.as_of_date = max(listed.as_of_date) over ()
),

shown as (
    select
        latest.child_key, latest.as_of_date, latest.outcome, latest.model_version,
        latest.rank_in_ugel, latest.tier, latest.probability, latest.first_listed_on,
        latest.expires_on
    from latest
    inner join calendar on latest.expires_on >= calendar.today
    left join objections on latest.child_key = objections.child_key
    left join removals
        on
            latest.child_key = removals.child_key
            and latest.as_of_date = removals.as_of_date
            and latest.outcome = removals.outcome
    where objections.child_key is null and removals.child_key is null
)

select * from shown
{%- endmacro %}
