with
source as (select * from {{ source('feedback', 'feedback_case_events') }}),

renamed as (
    select
        -- keys
        nino as child_key,
        {{ code('cod_ugel', 6) }} as ugel_code,
        numero_visita as visit_id,
        reemplaza as replaces_visit_id,
        -- text
        lower(trim(asunto)) as matter,
        lower(trim(estado)) as case_state,
        {{ listed_code('servicio') }} as support_code,
        lower(trim(motivo)) as dismissed_reason,
        {{ listed_code('resultado') }} as outcome_code,
        {{ listed_code('ofrecidos') }} as services_offered,
        {{ listed_code('aceptados') }} as services_accepted,
        {{ listed_code('rechazados') }} as services_refused,
        {{ listed_code('proximo_paso') }} as next_step,
        -- numbers
        cast(anio as integer) as school_year,
        -- dates
        fecha as event_date,
        proxima_fecha as next_on,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
