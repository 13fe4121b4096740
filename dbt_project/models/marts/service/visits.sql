-- depends_on: {{ ref('visit_outcomes') }}: a task's tests run when it ends
with
told as (select * from {{ ref('int_cases__told') }}),
aliases as (select * from {{ ref('int_cases__children') }}),

standing_now as (
    select
        told.*,
        coalesce(told.visit_id, concat(told._file, ':', told._line)) as visit_key
    from told
    where told.standing_until = {{ far_future() }}
),

-- a service that was given at a visit is a line of its own
given as (
    select
        child_key,
        visit_key,
        max(support_code) as support_code
    from standing_now
    where case_state = 'atendido'
    group by child_key, visit_key
),

visits as (
    select
        aliases.ugel_code,
        cast(aliases.child_key as string) as child_key,
        standing_now.visit_key,
        cast(standing_now.school_year as integer) as school_year,
        standing_now.matter,
        standing_now.event_date as visited_on,
        standing_now.case_state,
        standing_now.outcome_code,
        standing_now.dismissed_reason,
        given.support_code,
        standing_now.services_offered,
        standing_now.services_accepted,
        standing_now.services_refused,
        standing_now.next_step,
        standing_now.next_on
    from standing_now
    inner join aliases on standing_now.child_key = aliases.alias_key
    left join given
        on
            standing_now.child_key = given.child_key
            and standing_now.visit_key = given.visit_key
    where standing_now.outcome_code is not null or standing_now.case_state = 'asignado'
    -- a number that came twice was sent again
    qualify row_number() over (
        partition by standing_now.visit_key
        order by
            standing_now._delivered_at desc,
            standing_now.landed_no desc,
            standing_now.outcome_code asc nulls last,
            standing_now._line asc
    ) = 1
)

select * from visits
