with
source as (select * from {{ source('siagie', 'siagie_enrollments') }}),

renamed as (
    select
        -- keys
        child_key,
        guardian_key,
        {{ service_code('cod_mod', 'anexo') }} as service_code,
        -- text
        {{ listed_code('id_nivel') }} as level,
        {{ listed_code('id_seccion') }} as section,
        {{ listed_code('sexo') }} as sex,
        {{ told_word('dsc_lengua') }} as mother_tongue,
        replace({{ told_word('dsc_pais') }}, 'Ú', 'U') as birth_country,
        {{ told_word('dsc_discapacidad') }} as disability,
        {{ listed_code('estado_matricula') }} as enrollment_state,
        {{ listed_code('situacion_matricula') }} as entry_situation,
        {{ listed_code('situacion_final') }} as final_result,
        {{ listed_code('sf_recuperacion') }} as recovery_result,
        {{ listed_code('justificacion_retiro') }} as withdrawal_reason,
        {{ listed_code('apoderado_escolaridad') }} as guardian_schooling,
        -- numbers
        cast(id_anio as integer) as school_year,
        cast(id_grado as integer) as grade,
        cast(horas_semanales_trabajo as integer) as declared_work_hours,
        -- booleans
        {{ says_yes('validado_reniec') }} as is_dni_validated,
        {{ says_yes('trabaja') }} as declares_work,
        -- dates
        fecha_nacimiento as birth_date,
        fecha_matricula as enrolled_date,
        fecha_registro as registered_date,
        _file,
        _line,
        _region,
        _delivered_at,
        known_at
    from source
)

select * from renamed
