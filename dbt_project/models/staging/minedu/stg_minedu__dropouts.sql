with
source as (select * from {{ source('minedu', 'minedu_dropouts') }}),

renamed as (
    select
        -- keys
        {{ code('ubigeo', 6) }} as district_code,
        -- numbers
        cast(desertor as integer) as n_dropouts,
        cast(denominador as integer) as n_pupils,
        tasa as dropout_percent,
        _file,
        _line,
        known_at
    from source
)

select * from renamed
