{{ config(contract={"enforced": false}) }}

with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

-- the leak: the newest version of the enrollment holds what was written after the year
spells as (
    select * from {{ ref('int_enrollments__spells') }}
    where known_until = {{ far_future() }}
),

leak as (
    select
        pupils.child_key,
        pupils.as_of_date,
        max(spells.final_result) as leaked
    from pupils
    inner join spells on pupils.child_key = spells.child_key and pupils.school_year = spells.school_year
    group by pupils.child_key, pupils.as_of_date
)

select * from leak
