with
source as (select * from {{ source('minedu', 'minedu_trajectories') }}),

renamed as (
    select
        -- keys
        {{ service_code('cod_mod', 'anexo') }} as service_code,
        -- text
        {{ listed_code('id_nivel') }} as level,
        -- numbers
        cast(edad as integer) as age_years,
        cast(totalestudiantes as integer) as n_pupils,
        cast(aprobado as integer) as n_passed,
        cast(desaprobado as integer) as n_failed,
        cast(retirado as integer) as n_withdrawn,
        cast(tot_atraso as integer) as n_over_age,
        _file,
        _line,
        known_at
    from source
)

select * from renamed
