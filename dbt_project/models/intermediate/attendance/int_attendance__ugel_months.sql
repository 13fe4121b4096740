{{ config(materialized='as_of') }}

with
peers as {{ of_date(ref('int_pupils__peers')) }},

offices as (
    select
        ugel_code,
        {{ as_of() }} as as_of_date,
        max(n_attendance_months) as n_months
    from peers
    where ugel_code is not null and n_attendance_months is not null
    group by ugel_code
)

select * from offices
