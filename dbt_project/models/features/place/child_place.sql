with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

schools as {{ known(ref('int_schools__registers')) }},

places as {{ known(ref('int_places__populated')) }},

districts as {{ known(ref('int_places__districts')) }},

place as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.is_rural,
        places.altitude_m,
        districts.poverty_percent as district_poverty_percent
    from pupils
    left join schools on pupils.service_code = schools.service_code
    left join places on schools.populated_place_code = places.populated_place_code
    left join districts on schools.district_code = districts.district_code
)

select * from place
