with
source as (select * from {{ source('inei', 'inei_districts') }}),

renamed as (
    select
        -- keys
        {{ code('inei', 6) }} as district_code,
        {{ code('reniec', 6) }} as reniec_code,
        -- text
        distrito as district_name,
        provincia as province_name,
        -- numbers
        altitude as altitude_m,
        pct_pobreza_total as poverty_percent,
        {{ in_country('latitude', 'latitude', 'longitude') }} as latitude,
        {{ in_country('longitude', 'latitude', 'longitude') }} as longitude,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
