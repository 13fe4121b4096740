{{ config(materialized='as_of') }}

with
spells as {{ known_by_child(ref('int_enrollments__spells')) }},

withdrawn as (
    select distinct -- withdrawn more than once
        guardian_key,
        person_key as child_key,
        {{ as_of() }} as as_of_date
    from spells
    where
        enrollment_state = 'RETIRADO'
        and school_year >= year({{ as_of() }}) - 2
        and guardian_key is not null
)

select * from withdrawn
