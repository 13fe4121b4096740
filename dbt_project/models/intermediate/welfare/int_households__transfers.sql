with

transfers as (
    select * from {{ ref('stg_midis__transfers') }}
),

versions as (
    select
        child_key,
        household_key,
        roll_year,
        is_active,
        joined_date,
        known_at,
        lead(known_at, 1, {{ far_future() }}) over (
            partition by child_key, roll_year order by known_at, _file, _line
        ) as known_until
    from transfers
    where child_key is not null
)

select * from versions
where known_until > known_at
