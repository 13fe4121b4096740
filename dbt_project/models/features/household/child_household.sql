with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

classes as {{ known_by_child(ref('int_households__classes')) }},

transfers as {{ known_by_child(ref('int_households__transfers')) }},

last_classes as (
    select * from classes
    qualify row_number() over (partition by person_key order by classified_date desc, known_at desc, child_key) = 1
),

last_transfers as (
    -- a household is on the roll of this year, or, before it is delivered, of the year before
    select
        person_key,
        max(roll_year) as last_roll_year,
        max_by(is_active, roll_year) as is_active
    from transfers
    group by person_key
),

guardians as (
    select
        guardian_key,
        count(*) as n_children
    from pupils
    where guardian_key is not null
    group by guardian_key
),

household as (
    select
        pupils.child_key,
        pupils.as_of_date,
        last_classes.poverty_class,
        coalesce(
            {{ days_between('last_classes.classified_date', 'pupils.as_of_date') }}
            > 365 * {{ var('class_valid_years') }},
            false
        ) as is_class_expired,
        coalesce(
            last_transfers.is_active and last_transfers.last_roll_year >= pupils.school_year - 1, false
        ) as receives_transfer,
        cast(coalesce(guardians.n_children, 1) - 1 as integer) as n_siblings,
        coalesce(pupils.guardian_schooling = 'SIN NIVEL', false) as is_guardian_unschooled
    from pupils
    left join last_classes on pupils.child_key = last_classes.person_key
    left join last_transfers on pupils.child_key = last_transfers.person_key
    left join guardians on pupils.guardian_key = guardians.guardian_key
)

select * from household
