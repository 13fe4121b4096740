with
source as (select * from {{ source('linkage', 'record_links') }}),

renamed as (
    select
        -- keys
        child_key,
        -- text
        source as record_source,
        file as _file,
        decision,
        model_version,
        -- numbers
        line as _line,
        probability,
        -- dates
        known_at
    from source
)

select * from renamed
