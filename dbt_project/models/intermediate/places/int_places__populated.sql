with
populated_places as {{ standing(ref('stg_inei__populated_places')) }},
districts as (select * from {{ ref('int_places__districts') }}),

versions as (
    select
        populated_place_code,
        place_district_code,
        code_system,
        is_rural,
        altitude_m,
        stood_at as known_at,
        {{ known_until(['populated_place_code']) }} as known_until
    from populated_places
),

in_inei_coding as (
    select
        populated_place_code,
        place_district_code as district_code,
        is_rural,
        altitude_m,
        known_at,
        known_until
    from versions
    where code_system <> 'RENIEC'
),

-- two district codes exist and differ for most districts: everything further on uses INEI's,
-- which can be said of a place in the other coding only once the list of districts is known
translated as (
    select
        versions.populated_place_code,
        districts.district_code,
        versions.is_rural,
        versions.altitude_m,
        greatest(versions.known_at, districts.known_at) as known_at,
        least(versions.known_until, districts.known_until) as known_until
    from versions
    inner join districts on versions.place_district_code = districts.reniec_code
    where versions.code_system = 'RENIEC'
),

places as (
    select * from in_inei_coding
    union all
    select * from translated
)

select * from places where known_until > known_at
