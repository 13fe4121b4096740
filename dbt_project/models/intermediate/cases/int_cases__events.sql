with
events as (select * from {{ ref('int_cases__told') }}),
last_merges as {{ newest(ref('int_children__merges')) }},

services as (
    select distinct support_code -- a service has a row per span of time
    from {{ ref('services') }}
    where domain <> 'protection'
),

-- what was delivered last about a state counts; a service of protection is not named here
told as (
    select
        coalesce(last_merges.merged_into, events.child_key) as child_key,
        events.school_year,
        events.matter,
        events.case_state,
        events.event_date,
        events.ugel_code,
        services.support_code,
        events.dismissed_reason,
        events.stood_at as known_at
    from events
    left join last_merges on events.child_key = last_merges.child_key
    left join services on events.support_code = services.support_code
    where events.standing_until = {{ far_future() }}
    qualify row_number() over (
        partition by
            coalesce(last_merges.merged_into, events.child_key),
            events.school_year,
            events.matter,
            events.case_state
        order by
            events._delivered_at desc,
            events.event_date desc,
            events.landed_no desc,
            events._file desc,
            events._line desc
    ) = 1
)

select * from told
