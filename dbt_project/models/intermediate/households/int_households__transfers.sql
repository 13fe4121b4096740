with
transfers as {{ standing(ref('stg_midis__transfers')) }},

versions as (
    select
        child_key,
        household_key,
        roll_year,
        is_active,
        joined_date,
        stood_at as known_at,
        {{ known_until(['child_key', 'roll_year']) }} as known_until
    from transfers
    where child_key is not null
)

select * from versions where known_until > known_at
