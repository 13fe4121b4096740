with
releases as (select * from {{ source('landing', 'releases') }}),

-- a release is noted once it is published; the one being looked at is in the table release
history as (
    select
        release_id as published_release,
        published_at,
        built_for,
        n_files,
        {{
            whole_days(
                lima_day('lag(published_at) over (order by published_at)'),
                lima_day('published_at'),
            )
        }} as days_since_former
    from releases
)

select * from history
