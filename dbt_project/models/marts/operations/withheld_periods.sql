with
withheld as (select * from {{ source('landing', 'withheld') }}),
shortfalls as (select * from {{ source('landing', 'shortfalls') }}),

periods as (
    select
        source,
        period,
        region as department_code,
        reason,
        known_at as withheld_on,
        resolved_at as resolved_on,
        resolved_at is null as is_missing
    from withheld
    union all
    -- a correction that lacks too much: nothing is missing, for the former rows stay
    select distinct -- one line of deliveries that lack the same
        source,
        period,
        region as department_code,
        reason,
        known_at as withheld_on,
        resolved_at as resolved_on,
        false as is_missing
    from shortfalls
)

select * from periods
