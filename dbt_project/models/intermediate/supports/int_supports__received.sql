with
support as {{ standing(ref('stg_minedu__services')) }},
feedback as (select * from {{ ref('int_cases__told') }}),

services as (
    select distinct support_code -- a service has a row per span of time
    from {{ ref('services') }}
    where domain <> 'protection'
),

-- of one service on one day the last word counts: what was not given after all is taken back
versions as (
    select
        child_key,
        support_code,
        support_date,
        result,
        stood_at as known_at,
        {{ known_until(['child_key', 'support_code', 'support_date']) }} as known_until
    from support
),

-- a service is received whether its register tells it or who gave it
told as (
    select
        child_key,
        support_code,
        support_date,
        known_at,
        known_until
    from versions
    where result = 'REALIZADO' and known_until > known_at
    union all
    select
        feedback.child_key,
        feedback.support_code,
        feedback.event_date as support_date,
        feedback.stood_at as known_at,
        feedback.standing_until as known_until
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
        known_until
    from told
    group by child_key, support_code, support_date, known_until
)

select * from received
