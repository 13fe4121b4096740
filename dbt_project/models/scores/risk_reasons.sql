{{ config(materialized='table') }}

with

-- Python streams the reasons; here they get their contract
outputs as (select * from {{ ref('reason_outputs') }}),

reasons as (
    select
        child_key,
        as_of_date,
        outcome,
        model_version,
        position,
        term,
        value,
        contribution
    from outputs
)

select * from reasons
