with
source as (select * from {{ source('inei', 'inei_populated_places') }}),

renamed as (
    select
        -- keys
        {{ code('codccpp', 10) }} as populated_place_code,
        {{ code('ubigeo', 6) }} as place_district_code,
        -- text
        {{ listed_code('sistema_codigo') }} as code_system,
        -- numbers
        altitud as altitude_m,
        -- booleans
        {{ listed_code('area') }} = 'RURAL' as is_rural,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
