with
source as (select * from {{ source('siagie_progress', 'siagie_attendance') }}),

renamed as (
    select
        -- keys
        child_key,
        {{ service_code('cod_mod', 'anexo') }} as service_code,
        {{ code('cod_ugel', 6) }} as ugel_code,
        -- numbers
        cast(id_anio as integer) as school_year,
        cast(mes as integer) as month,
        cast(dias_abiertos as integer) as open_days,
        cast(faltas_justificadas as integer) as justified_absence_days,
        cast(faltas_injustificadas as integer) as unjustified_absence_days,
        cast(tardanzas as integer) as late_days,
        _file,
        _line,
        _region,
        known_at
    from source
)

select * from renamed
