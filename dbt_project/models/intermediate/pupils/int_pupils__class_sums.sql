{{ config(materialized='as_of') }}

with
peers as {{ of_date(ref('int_pupils__peers')) }},

-- whole numbers and not shares: sums of doubles depend on the number of threads
classes as (
    select
        service_code,
        grade,
        section,
        {{ as_of() }} as as_of_date,
        sum(open_days) as open_days,
        sum(absence_days) as absence_days,
        sum(points) as points,
        sum(n_competences) as n_competences
    from peers
    where section is not null
    group by service_code, grade, section
)

select * from classes
