with
source as (select * from {{ source('midis', 'midis_sisfoh') }}),

renamed as (
    select
        -- keys
        child_key,
        household_key,
        {{ code('ubigeo', 6) }} as home_district_code,
        -- numbers
        case {{ listed_code('clase') }}
            when 'NO POBRE' then 0
            when 'POBRE' then 1
            when 'POBRE EXTREMO' then 2
        end as poverty_class,
        -- booleans
        {{ listed_code('area') }} = 'RURAL' as is_rural,
        -- dates
        fecha_clasificacion as classified_date,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
