with
withheld as (select * from {{ source('landing', 'withheld') }}),
shortfalls as (select * from {{ source('landing', 'shortfalls') }}),

periods as (
    select
        source,
        period,
        region as department_code,
        coalesce(
            {{ told_text('n_rows') }} || ' rows where the period before has '
            || {{ told_text('n_before') }},
            reason
        ) as reason,
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
        coalesce(
            'missing against the former delivery: ' || {{ told_text('n_missing') }} || ' rows of '
            || {{ told_text('n_before') }} || '; the former rows stay',
            reason
        ) as reason,
        known_at as withheld_on,
        resolved_at as resolved_on,
        false as is_missing
    from shortfalls
)

select * from periods
