with
source as (select * from {{ source('protection_cases', 'siseve_reports') }}),

renamed as (
    select
        -- keys
        {{ code('cod_mod') }} as school_code,
        -- text
        upper(tipo) as violence_kind,
        -- numbers
        cast(anio as integer) as report_year,
        cast(reportes as integer) as n_reports,
        _file,
        _line,
        known_at
    from source
)

select * from renamed
