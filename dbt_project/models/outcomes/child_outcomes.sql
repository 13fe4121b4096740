with
labeled as (select * from {{ ref('int_outcomes__labels') }}),

interruptions as (
    select
        child_key,
        as_of_date,
        'interruption' as outcome,
        {{ label_of('interruption_known_at',
            'is_enrolled_after is null or ((is_deceased or is_emigrated)'
            ~ ' and not (is_enrolled_after or is_in_alternative_after))',
            'not (is_enrolled_after or is_in_alternative_after or is_graduate)') }},
        {{ is_in_exit_rate() }} as is_in_rate,
        was_listed,
        was_served
    from labeled
),

exits as (
    select
        child_key,
        as_of_date,
        'ebr_exit' as outcome,
        {{ label_of('interruption_known_at', 'not ' ~ is_in_exit_rate(), 'not is_regular_after') }},
        {{ is_in_exit_rate() }} as is_in_rate,
        was_listed,
        was_served
    from labeled
),

repeats as (
    select
        child_key,
        as_of_date,
        'repetition' as outcome,
        {{ label_of(
            'repetition_known_at',
            'not (has_failed or has_passed) or has_failed is null',
            'has_failed'
        ) }},
        coalesce(repetition_known_at is not null and (has_failed or has_passed), false)
            as is_in_rate,
        was_listed,
        was_served
    from labeled
),

needs as (select * from {{ ref('int_supports__needs') }} where not is_received),

-- one unmet need or more: a rule and no prediction, known on the date itself
unmet_needs as (
    select
        child_key,
        as_of_date,
        'unmet_need' as outcome,
        (child_key, as_of_date) in (
            select
                needs.child_key,
                needs.as_of_date
            from needs
        ) as label,
        'final' as label_status,
        as_of_date as label_known_at,
        true as is_in_rate,
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
    union all
    select * from unmet_needs
)

select * from outcomes
