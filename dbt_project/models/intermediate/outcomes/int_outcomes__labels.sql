with
pupils as (select * from {{ ref('int_pupils__as_of') }}),
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),
merged_keys as (select * from {{ ref('int_children__merges') }}),
last_merges as {{ newest('merged_keys') }},
interruptions as (select * from {{ ref('int_outcomes__interruptions') }}),
repetitions as (select * from {{ ref('int_outcomes__repetitions') }}),

lists as (
    select distinct -- listed once or more, by any model
        child_key,
        as_of_date
    from {{ source('ml', 'lists') }}
),

support as (
    select
        coalesce(last_merges.merged_into, received.child_key) as child_key,
        year(received.support_date) as school_year,
        max(received.support_date) as last_support_date
    from {{ newest(ref('int_supports__received')) }} as received
    left join last_merges on received.child_key = last_merges.child_key
    group by 1, 2
),

-- a key given up since: the label is looked up under the key that stood when it became final
keyed as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.school_year,
        label_dates.interruption_known_at,
        label_dates.repetition_known_at,
        coalesce(at_interruption.merged_into, pupils.child_key) as interruption_key,
        coalesce(at_repetition.merged_into, pupils.child_key) as repetition_key,
        coalesce(last_merges.merged_into, pupils.child_key) as last_key
    from pupils
    left join label_dates on pupils.school_year = label_dates.school_year
    left join merged_keys as at_interruption
        on
            pupils.child_key = at_interruption.child_key
            and {{ was_known('at_interruption', 'label_dates.interruption_known_at') }}
    left join merged_keys as at_repetition
        on
            pupils.child_key = at_repetition.child_key
            and {{ was_known('at_repetition', 'label_dates.repetition_known_at') }}
    left join last_merges on pupils.child_key = last_merges.child_key
),

labeled as (
    select
        keyed.child_key,
        keyed.as_of_date,
        keyed.interruption_known_at,
        keyed.repetition_known_at,
        interruptions.is_deceased,
        interruptions.is_emigrated,
        interruptions.is_graduate,
        interruptions.is_enrolled_after,
        interruptions.is_regular_after,
        interruptions.is_in_alternative_after,
        repetitions.has_failed,
        repetitions.has_passed,
        lists.child_key is not null as was_listed,
        coalesce(support.last_support_date > keyed.as_of_date, false) as was_served
    from keyed
    left join interruptions
        on
            keyed.interruption_key = interruptions.child_key
            and keyed.school_year = interruptions.school_year
    left join repetitions
        on
            keyed.repetition_key = repetitions.child_key
            and keyed.school_year = repetitions.school_year
    left join lists on {{ same_child_and_date('keyed', 'lists') }}
    left join support
        on keyed.last_key = support.child_key and keyed.school_year = support.school_year
)

select * from labeled
