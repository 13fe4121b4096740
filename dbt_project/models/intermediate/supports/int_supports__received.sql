with
support as (select * from {{ ref('stg_minedu__services') }}),
feedback as (select * from {{ ref('stg_feedback__case_events') }}),

services as (
    select distinct support_code -- a service has a row per span of time
    from {{ ref('services') }}
    where domain <> 'protection'
),

-- a service is received whether its register tells it or who gave it
told as (
    select
        child_key,
        support_code,
        support_date,
        known_at
    from support
    where result = 'REALIZADO'
    union all
    select
        feedback.child_key,
        feedback.support_code,
        feedback.event_date as support_date,
        feedback.known_at
    from feedback
    inner join services on feedback.support_code = services.support_code
    where feedback.case_state = 'atendido'
),

received as (
    select
        child_key,
        support_code,
        support_date,
        min(known_at) as known_at,
        {{ far_future() }} as known_until
    from told
    group by child_key, support_code, support_date
)

select * from received
