with
source as (select * from {{ source('midis', 'midis_juntos') }}),

renamed as (
    select
        -- keys
        child_key,
        household_key,
        -- numbers
        cast(anio as integer) as roll_year,
        -- booleans
        {{ listed_code('estado') }} = 'ACTIVO' as is_active,
        -- dates
        fecha_afiliacion as joined_date,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
