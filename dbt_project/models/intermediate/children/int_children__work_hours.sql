with
surveys as {{ standing(ref('stg_mtpe__child_work')) }},

versions as (
    select
        child_key,
        survey_year,
        weekly_work_hours,
        stood_at as known_at,
        {{ known_until(['child_key', 'survey_year']) }} as known_until
    from surveys
    where child_key is not null
)

select * from versions where known_until > known_at
