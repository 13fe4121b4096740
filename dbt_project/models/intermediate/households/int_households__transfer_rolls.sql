{{ config(materialized='as_of') }}

with
transfers as {{ known(ref('int_households__transfers')) }},

-- of this year, or, before it is delivered, of the year before
last_roll as (
    select
        {{ as_of() }} as as_of_date,
        max(roll_year) as roll_year
    from transfers
)

select * from last_roll
