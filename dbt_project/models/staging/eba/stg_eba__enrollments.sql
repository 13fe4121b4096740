with
source as (select * from {{ source('eba', 'eba_enrollments') }}),

renamed as (
    select
        -- keys
        child_key,
        -- text
        ciclo as cycle,
        -- numbers
        cast(id_anio as integer) as school_year,
        -- dates
        fecha_matricula as enrolled_date,
        _file,
        _line,
        known_at
    from source
)

select * from renamed
