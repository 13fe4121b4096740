{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

with
outputs as (
    select * from {{ ref('score_outputs') }}
    {% if is_incremental() %}
    where (as_of_date, model_version) not in (
        select s.as_of_date, s.model_version from {{ this }} as s
    )
    {% endif %}
),

capacities as (select * from {{ ref('int_places__ugel_capacities') }}),

ranked as (
    select
        *,
        row_number() over (
            partition by outcome, as_of_date, model_version, ugel_code
            order by ranking desc, child_key asc
        ) as rank_in_ugel,
        count(*) over (partition by outcome, as_of_date, model_version, ugel_code) as n_pupils
    from outputs
),

applicable as (
    select
        ranked.*,
        coalesce(
            capacities.capacity_children,
            cast(ceil(capacities.capacity_share * ranked.n_pupils) as integer)
        ) as capacity
    from ranked
    inner join capacities
        on
            ranked.as_of_date = capacities.as_of_date
            and ranked.ugel_code is not distinct from capacities.ugel_code
),

scores as (
    select
        child_key,
        as_of_date,
        outcome,
        model_version,
        log_odds,
        probability,
        cast(rank_in_ugel as integer) as rank_in_ugel,
        case
            when rank_in_ugel <= capacity then 'alto'
            when rank_in_ugel <= 2 * capacity then 'medio'
            else 'bajo'
        end as tier,
        cast(as_of_date + {{ var('score_valid_days') }} as date) as expires_on,
        {{ utc_now() }} as scored_at
    from applicable
)

select * from scores
