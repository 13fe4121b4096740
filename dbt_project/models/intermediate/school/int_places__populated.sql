with

populated_places as (
    select * from {{ ref('stg_inei__populated_places') }}
    qualify row_number() over (partition by populated_place_code order by known_at desc) = 1
),

districts as (
    select * from {{ ref('stg_inei__districts') }}
    qualify row_number() over (partition by district_code order by known_at desc) = 1
),

translated as (
    -- two district codes exist and differ for most districts: everything further on uses INEI's
    select
        populated_places.populated_place_code,
        case populated_places.code_system
            when 'RENIEC' then districts.district_code
            else populated_places.place_district_code
        end as district_code,
        populated_places.is_rural,
        populated_places.altitude_m
    from populated_places
    left join districts on populated_places.place_district_code = districts.reniec_code
)

select * from translated
