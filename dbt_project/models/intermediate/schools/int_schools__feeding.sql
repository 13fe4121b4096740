with
feeding as {{ standing(ref('stg_midis__feeding')) }},

versions as (
    -- a ration list counts for its own year, whatever the program is called by then
    select
        service_code,
        program_year,
        program as feeding_program,
        n_rations,
        stood_at as known_at,
        {{ known_until(['service_code', 'program_year']) }} as known_until
    from feeding
)

select * from versions where known_until > known_at
