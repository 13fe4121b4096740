with

pupils as (
    select
        child_key,
        as_of_date,
        school_year
    from {{ ref('int_pupils__as_of') }}
),

maturity as (
    select * from {{ ref('int_maturity__dates') }}
),

merges as (
    select * from {{ ref('int_children__merges') }}
    where known_until = {{ far_future() }}
),

fates as (
    select * from {{ ref('int_maturity__fates') }}
),

repetitions as (
    select * from {{ ref('int_maturity__repetitions') }}
),

lists as (
    select distinct -- listed once or more, by any model
        child_key,
        as_of_date
    from {{ source('ml', 'lists') }}
),

support as (
    select
        coalesce(merges.merged_into, received.child_key) as child_key,
        year(received.support_date) as school_year,
        max(received.support_date) as last_support_date
    from {{ ref('int_support__received') }} as received
    left join merges on received.child_key = merges.child_key
    group by 1, 2
),

-- a key that was given up since: the label is looked up under the key that stayed
labeled as (
    select
        pupils.child_key,
        pupils.as_of_date,
        maturity.interruption_known_at,
        maturity.repetition_known_at,
        fates.is_deceased,
        fates.is_emigrated,
        fates.is_graduate,
        fates.is_enrolled_after,
        fates.is_in_alternative_after,
        repetitions.has_failed,
        repetitions.has_passed,
        lists.child_key is not null as was_listed,
        coalesce(support.last_support_date > pupils.as_of_date, false) as was_served
    from pupils
    left join maturity on pupils.school_year = maturity.school_year
    left join merges on pupils.child_key = merges.child_key
    left join fates
        on
            coalesce(merges.merged_into, pupils.child_key) = fates.child_key
            and pupils.school_year = fates.school_year
    left join repetitions
        on
            coalesce(merges.merged_into, pupils.child_key) = repetitions.child_key
            and pupils.school_year = repetitions.school_year
    left join lists on pupils.child_key = lists.child_key and pupils.as_of_date = lists.as_of_date
    left join support
        on
            coalesce(merges.merged_into, pupils.child_key) = support.child_key
            and pupils.school_year = support.school_year
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
