with
households as {{ standing(ref('stg_midis__households')) }},

versions as (
    select
        child_key,
        household_key,
        home_district_code,
        poverty_class,
        classified_date,
        _delivered_at,
        landed_no,
        _file,
        _line,
        stood_at as known_at,
        {{ known_until(['child_key', 'classified_date']) }} as known_until
    from households
    where child_key is not null
)

-- a new classification does not replace the one before it: only a correction of the same date does

select * from versions where known_until > known_at
