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
        cast(sum(open_days) as bigint) as open_days,
        cast(sum(absence_days) as bigint) as absence_days,
        cast(sum(points) as bigint) as points,
        cast(sum(n_competences) as bigint) as n_competences
    from peers
    where section is not null
    group by service_code, grade, section
)

select * from classes
