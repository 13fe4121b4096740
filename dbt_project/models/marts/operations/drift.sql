with
looks as (select * from {{ source('ml', 'drift') }}),

drift as (
    select
        checked_on,
        model_version,
        outcome,
        name as metric,
        of as feature,
        value,
        low,
        high,
        is_exceeded,
        advice
    from looks
)

select * from drift
