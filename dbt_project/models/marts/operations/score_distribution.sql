with
scores as (select * from {{ ref('risk_scores') }} where probability is not null),
live as (select * from {{ source('ml', 'model_versions') }} where is_live),

bands as (
    select
        scores.as_of_date,
        scores.outcome,
        scores.model_version,
        cast(floor(20 * scores.probability) / 20 as double) as band_from,
        -- neither few children nor an exact number, which others would give away
        case
            when count(*) >= {{ var('smallest_shown') }}
                then cast(5 * round(count(*) / 5) as bigint)
        end as n_children
    from scores
    inner join live on scores.model_version = live.model_version and scores.outcome = live.outcome
    group by 1, 2, 3, 4
),

dated as (
    select
        *,
        as_of_date = max(as_of_date) over (partition by outcome) as is_newest
    from bands
)

select * from dated
