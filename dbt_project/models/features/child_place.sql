with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
schools as {{ of_date(ref('int_schools__as_of')) }},
homes as {{ of_date(ref('int_households__as_of')) }},

place as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.is_rural,
        schools.altitude_m,
        schools.altitude_m >= {{ var('highland_altitude_m') }} as is_highland,
        schools.poverty_percent as district_poverty_percent,
        schools.capital_distance_km,
        schools.secondary_distance_km,
        schools.n_district_secondary_services,
        homes.home_district_code <> schools.district_code as is_home_in_other_district
    from pupils
    left join schools on pupils.service_code = schools.service_code
    left join homes on pupils.child_key = homes.child_key
)

select * from place
