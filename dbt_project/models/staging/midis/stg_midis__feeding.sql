with
source as (select * from {{ source('midis', 'midis_feeding') }}),

renamed as (
    select
        -- keys
        {{ service_code('cod_mod', 'anexo') }} as service_code,
        -- text
        {{ listed_code('programa') }} as program,
        -- numbers
        cast(anio as integer) as program_year,
        cast(raciones as integer) as n_rations,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
