with
source as (select * from {{ source('escale', 'escale_schools') }}),

renamed as (
    select
        -- keys
        {{ service_code('codmod', 'anexo') }} as service_code,
        {{ code('codlocal', 6) }} as site_code,
        codinst as institution_code,
        {{ code('consulta_ugel', 6) }} as ugel_code,
        {{ code('consulta_ubigeo', 6) }} as district_code,
        {{ code('codccpp', 10) }} as populated_place_code,
        -- text
        cenedu as school_name,
        {{ listed_code('estadistica_nivelmodalidad') }} as level,
        -- numbers
        cast(estadistica_totalalumnos as integer) as n_pupils,
        cast(estadistica_totaldocentes as integer) as n_teachers,
        cast(estadistica_totalsecciones as integer) as n_sections,
        -- where nobody measured, zeros stand
        {{ in_country('nlatie', 'nlatie', 'nlongie') }} as latitude,
        {{ in_country('nlongie', 'nlatie', 'nlongie') }} as longitude,
        -- booleans
        {{ is_public('gestion') }} as is_public,
        -- who does not say, as the API that lists only what works, says that it does
        coalesce(not (estado = '2' or upper(estado) like 'INACTIV%'), true) as is_open,
        {{ says_yes('estadistica_eseib') }} as is_bilingual,
        _file,
        _line,
        _region,
        _delivered_at,
        known_at
    from source
)

select * from renamed
