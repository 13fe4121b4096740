{{ config(materialized='as_of') }}

with
schools as {{ standing(ref('stg_escale__schools'), by_region=true) }},

-- a building stays where it is: what a register told of a school holds when it lists it no more
sites as (
    select
        service_code,
        {{ as_of() }} as as_of_date,
        max_by(site_code, concat(_delivered_at, lpad(cast(landed_no as varchar), 9, '0')))
            as site_code
    from schools
    where stood_at <= {{ as_of() }} and site_code is not null
    group by service_code
)

select * from sites
