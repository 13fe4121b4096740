with
source as (select * from {{ source('siagie_progress', 'siagie_grades') }}),

renamed as (
    select
        -- keys
        child_key,
        {{ service_code('cod_mod', 'anexo') }} as service_code,
        -- text
        {{ listed_code('periodo') }} as period,
        {{ listed_code('area') }} as learning_area,
        {{ mark_text('nl_c1') }} as competence_1_mark,
        {{ mark_text('nl_c2') }} as competence_2_mark,
        {{ mark_text('nl_c3') }} as competence_3_mark,
        -- numbers
        cast(id_anio as integer) as school_year,
        {{ mark_points('nl_c1') }} as competence_1_points,
        {{ mark_points('nl_c2') }} as competence_2_points,
        {{ mark_points('nl_c3') }} as competence_3_points,
        _file,
        _line,
        _delivered_at,
        known_at
    from source
)

select * from renamed
