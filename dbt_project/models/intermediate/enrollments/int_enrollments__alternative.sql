with
centers as {{ standing(ref('stg_eba__enrollments')) }},

-- whatever the number of centers
years as (
    select
        child_key,
        school_year,
        min(stood_at) as known_at,
        standing_until as known_until
    from centers
    where child_key is not null
    group by child_key, school_year, standing_until
)

select * from years
