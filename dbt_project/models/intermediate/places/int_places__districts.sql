with
districts as {{ standing(ref('stg_inei__districts')) }},

versions as (
    select
        district_code,
        reniec_code,
        district_name,
        province_name,
        altitude_m,
        poverty_percent,
        latitude,
        longitude,
        stood_at as known_at,
        {{ known_until(['district_code']) }} as known_until
    from districts
)

select * from versions where known_until > known_at
