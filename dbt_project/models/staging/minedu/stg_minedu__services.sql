with
source as (select * from {{ source('minedu', 'minedu_services') }}),

renamed as (
    select
        -- keys
        child_key,
        -- text
        {{ listed_code('servicio') }} as support_code,
        {{ listed_code('resultado') }} as result,
        -- dates
        fecha as support_date,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
