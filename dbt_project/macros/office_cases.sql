{#- The case files of DEMUNA, CEM and UPE come in the same form: renamed once, for all three. -#}
{% macro office_cases(office, table) -%}
with
source as (select * from {{ source('protection_cases', table) }}),

renamed as (
    select
        -- keys
        concat('{{ office }}-', _file, '-', cast(_line as string)) as case_key,
        child_key,
        {{ code('ubigeo', 6) }} as district_code,
        -- text
        '{{ office }}' as office,
        upper(motivo) as reason,
        {{ listed_code('estado') }} as case_state,
        -- dates
        fecha_ingreso as opened_date,
        fecha_cierre as closed_date,
        _file,
        _line,
        known_at
    from source
)

select * from renamed
{%- endmacro %}
