with
source as (select * from {{ source('feedback', 'feedback_case_events') }}),

renamed as (
    select
        -- keys
        nino as child_key,
        {{ code('cod_ugel', 6) }} as ugel_code,
        -- text
        lower(trim(asunto)) as matter,
        lower(trim(estado)) as case_state,
        {{ listed_code('servicio') }} as support_code,
        lower(trim(motivo)) as dismissed_reason,
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
