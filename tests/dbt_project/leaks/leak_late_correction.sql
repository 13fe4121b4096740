{{ config(contract={"enforced": false}) }}

with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

-- the leak: the corrected month instead of what was known of it on the date
months as (
    select * from {{ ref('int_attendance__months') }}
    where known_until = {{ far_future() }} and last_day(make_date(school_year, month, 1)) < {{ as_of() }}
),

leak as (
    select
        pupils.child_key,
        pupils.as_of_date,
        sum(months.absence_days) as leaked
    from pupils
    inner join months on pupils.child_key = months.child_key and pupils.school_year = months.school_year
    group by pupils.child_key, pupils.as_of_date
)

select * from leak
