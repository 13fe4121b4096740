with
events as {{ standing(ref('stg_feedback__case_events')) }},

-- a visit that was corrected or taken back counts until that was known
replacements as (
    select
        child_key,
        replaces_visit_id,
        min(stood_at) as replaced_at
    from events
    where replaces_visit_id is not null
    group by child_key, replaces_visit_id
),

told as (
    select
        events.child_key,
        events.school_year,
        events.matter,
        events.case_state,
        events.event_date,
        events.ugel_code,
        events.support_code,
        events.dismissed_reason,
        events.visit_id,
        events.outcome_code,
        events.services_offered,
        events.services_accepted,
        events.services_refused,
        events.next_step,
        events.next_on,
        events._delivered_at,
        events.landed_no,
        events._file,
        events._line,
        events.stood_at,
        least(
            events.standing_until,
            coalesce(replacements.replaced_at, {{ far_future() }})
        ) as standing_until
    from events
    left join replacements
        on
            events.child_key = replacements.child_key
            and events.visit_id = replacements.replaces_visit_id
    where
        events.case_state <> 'anulado'
        and coalesce(replacements.replaced_at > events.stood_at, true)
)

select * from told
