with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

schools as {{ known(ref('int_schools__registers')) }},

place as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.is_rural,
        schools.altitude_m,
        schools.poverty_percent as district_poverty_percent
    from pupils
    left join schools on pupils.service_code = schools.service_code
)

select * from place
