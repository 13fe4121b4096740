{{ config(contract={"enforced": false}) }}

with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

outcomes as (
    select * from {{ ref('child_outcomes') }}
    where outcome = 'interruption' and label
),

-- the leak: how many of the school interrupt, the child itself and this very year included
leak as (
    select
        pupils.child_key,
        pupils.as_of_date,
        count(outcomes.child_key) over (partition by pupils.service_code) as leaked
    from pupils
    left join outcomes on pupils.child_key = outcomes.child_key and pupils.as_of_date = outcomes.as_of_date
)

select * from leak
