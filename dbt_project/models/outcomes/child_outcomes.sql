with

labeled as (
    select * from {{ ref('int_maturity__labels') }}
),

interruptions as (
    select
        child_key,
        as_of_date,
        'interruption' as outcome,
        {{ label_of('interruption_known_at', 'is_deceased or is_emigrated',
            'not (is_enrolled_after or is_in_alternative_after or is_graduate)') }},
        was_listed,
        was_served
    from labeled
),

exits as (
    select
        child_key,
        as_of_date,
        'ebr_exit' as outcome,
        {{ label_of('interruption_known_at', 'is_deceased or is_graduate', 'not is_enrolled_after') }},
        was_listed,
        was_served
    from labeled
),

repeats as (
    select
        child_key,
        as_of_date,
        'repetition' as outcome,
        {{ label_of('repetition_known_at', 'not (has_failed or has_passed) or has_failed is null', 'has_failed') }},
        was_listed,
        was_served
    from labeled
),

outcomes as (
    select * from interruptions
    union all
    select * from exits
    union all
    select * from repeats
)

select * from outcomes
