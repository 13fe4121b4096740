with
releases as (select * from {{ source('landing', 'releases') }}),

-- a release is noted once it is published: the one that is looked at stands in a table of its own, release
history as (
    select
        release_id as published_release,
        published_at,
        built_for,
        n_files,
        cast({{ days_between('lag(published_at) over (order by published_at)', 'published_at') }} as integer)
            as days_since_former
    from releases
)

select * from history
