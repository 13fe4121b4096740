with

households as (
    select * from {{ ref('stg_midis__households') }}
),

versions as (
    select
        child_key,
        household_key,
        poverty_class,
        classified_date,
        known_at,
        lead(known_at, 1, {{ far_future() }}) over (
            partition by child_key order by known_at, classified_date, _file, _line
        ) as known_until
    from households
    where child_key is not null
)

select * from versions
where known_until > known_at
