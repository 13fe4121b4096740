with
source as (select * from {{ source('mtpe', 'mtpe_child_work') }}),

renamed as (
    select
        -- keys
        child_key,
        -- numbers
        cast(anio as integer) as survey_year,
        cast(horas_semanales as integer) as weekly_work_hours,
        -- dates
        fecha_registro as registered_date,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
