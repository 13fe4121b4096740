with
source as (select * from {{ source('feedback', 'feedback_case_events') }}),

renamed as (
    select
        -- keys
        nino as child_key,
        {{ code('cod_ugel', 6) }} as ugel_code,
        -- text
        lower(asunto) as matter,
        lower(estado) as case_state,
        upper(servicio) as support_code,
        lower(motivo) as dismissed_reason,
        -- numbers
        cast(anio as integer) as school_year,
        -- dates
        fecha as event_date,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
