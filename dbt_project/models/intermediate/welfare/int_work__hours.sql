with

surveys as (
    select * from {{ ref('stg_mtpe__child_work') }}
),

versions as (
    select
        child_key,
        survey_year,
        weekly_work_hours,
        known_at,
        lead(known_at, 1, {{ far_future() }}) over (
            partition by child_key, survey_year order by known_at, _file, _line
        ) as known_until
    from surveys
    where child_key is not null
)

select * from versions
where known_until > known_at
