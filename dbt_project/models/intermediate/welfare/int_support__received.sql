with

support as (
    select * from {{ ref('stg_minedu__services') }}
),

received as (
    select
        child_key,
        support_code,
        support_date,
        known_at,
        {{ far_future() }} as known_until
    from support
    where result = 'REALIZADO'
)

select * from received
