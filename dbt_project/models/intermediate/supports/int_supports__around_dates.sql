{{ config(materialized='view') }}

with
pupils as (select * from {{ ref('int_pupils__as_of') }}),
received as {{ newest(ref('int_supports__received')) }},
last_merges as {{ newest(ref('int_children__merges')) }},

given as (
    select
        coalesce(last_merges.merged_into, received.child_key) as person_key,
        received.support_code,
        year(received.support_date) as school_year,
        received.support_date
    from received
    left join last_merges on received.child_key = last_merges.child_key
),

keyed as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.school_year,
        coalesce(last_merges.merged_into, pupils.child_key) as person_key
    from pupils
    left join last_merges on pupils.child_key = last_merges.child_key
),

-- as known today: what came after a date is what is to be judged, not what judges
receipts as (
    select
        keyed.child_key,
        keyed.as_of_date,
        given.support_code,
        bool_or(given.support_date <= keyed.as_of_date) as is_received_before,
        bool_or(
            given.support_date > keyed.as_of_date
            and {{ days_between('keyed.as_of_date', 'given.support_date') }}
            <= {{ var('effect_window_days') }}
        ) as is_received_after
    from keyed
    inner join given
        on keyed.person_key = given.person_key and keyed.school_year = given.school_year
    group by 1, 2, 3
)

select * from receipts
