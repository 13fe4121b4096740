with
source as (select * from {{ source('inei', 'inei_population') }}),

renamed as (
    select
        -- keys
        {{ code('ubigeo', 2) }} as department_code,
        -- numbers
        anio as calendar_year,
        edad as age_years,
        poblacion as n_people,
        -- booleans
        {{ listed_code('sexo') }} = 'MUJER' as is_female,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
