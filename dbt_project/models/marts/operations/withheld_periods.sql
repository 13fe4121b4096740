with
withheld as (select * from {{ source('landing', 'withheld') }}),

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
)

select * from periods
