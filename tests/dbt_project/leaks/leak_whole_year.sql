{{ config(contract={"enforced": false}) }}

with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

months as (
    select * from {{ ref('int_attendance__months') }}
),

-- the leak: the mean of a school over the whole year, its months after the date included
schools as (
    select
        service_code,
        school_year,
        sum(absence_days) as leaked
    from months
    group by service_code, school_year
),

leak as (
    select
        pupils.child_key,
        pupils.as_of_date,
        schools.leaked
    from pupils
    inner join schools
        on pupils.service_code = schools.service_code and pupils.school_year = schools.school_year
)

select * from leak
