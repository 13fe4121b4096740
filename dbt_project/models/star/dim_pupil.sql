with
spells as {{ known_by_child(ref('int_enrollments__spells'), today()) }},
transfers as {{ known_by_child(ref('int_households__transfers'), today()) }},

-- what was told last in the year
newest_spells as (
    select * from spells
    qualify row_number() over (
        partition by person_key, school_year
        order by
            enrolled_date desc, registered_date desc, service_code asc, known_at asc,
            birth_date asc, sex asc, mother_tongue asc, disability asc, birth_country asc
    ) = 1
),

on_roll as (
    select distinct -- a child may stand on the roll under two keys
        person_key,
        roll_year
    from transfers
    where is_active
),

pupils as (
    select
        {{ pupil_key('newest_spells.person_key', 'newest_spells.school_year') }} as pupil_key,
        newest_spells.person_key as child_key,
        newest_spells.school_year,
        newest_spells.sex = 'M' as is_female,
        {{ speaks_indigenous('newest_spells.mother_tongue') }} as speaks_indigenous_language,
        newest_spells.disability is not null as has_disability,
        coalesce(newest_spells.birth_country <> 'PERU', false) as is_foreign,
        newest_spells.is_dni_validated as has_validated_dni,
        cast(
            {{ age_at_march('newest_spells.birth_date', 'newest_spells.school_year') }} as integer
        ) as age_at_march,
        on_roll.person_key is not null as is_on_juntos_roll,
        newest_spells.known_at as known_from
    from newest_spells
    left join on_roll
        on
            newest_spells.person_key = on_roll.person_key
            and newest_spells.school_year = on_roll.roll_year
)

select * from pupils
