with
-- whoever may repeat is on a list of tutors, and nobody visits for it
scores as (
    select * from {{ ref('risk_scores') }} where tier = 'alto' and outcome <> 'repetition'
),
looked_for as (select * from {{ ref('int_cases__looked_for') }}),
states as (select * from {{ ref('int_cases__states') }}),
places as (select * from {{ ref('int_pupils__as_of') }}),
calendar as (select * from {{ source('landing', 'calendar') }}),
last_merges as {{ newest(ref('int_children__merges')) }},

-- who was ever on a list, who is looked for today without a model, and whom somebody told of
named as (
    select
        scores.child_key,
        cast(year(scores.as_of_date) as bigint) as school_year,
        scores.outcome as matter,
        scores.as_of_date as listed_on,
        places.ugel_code
    from scores
    inner join places on {{ same_child_and_date('scores', 'places') }}
    union all
    select
        looked_for.child_key,
        cast(year(calendar.today) as bigint) as school_year,
        looked_for.need as matter,
        calendar.today as listed_on,
        looked_for.ugel_code
    from looked_for
    cross join calendar
    union all
    select
        child_key,
        school_year,
        matter,
        first_event_on as listed_on,
        ugel_code
    from states
),

opened as (
    select
        coalesce(last_merges.merged_into, named.child_key) as child_key,
        named.school_year,
        named.matter,
        min(named.listed_on) as listed_on,
        max_by(named.ugel_code, named.listed_on) as ugel_code
    from named
    left join last_merges on named.child_key = last_merges.child_key
    where named.ugel_code is not null
    group by 1, 2, 3
)

select * from opened
