with
pupils as (select * from {{ ref('int_pupils__as_of') }} where as_of_date = {{ as_of() }}),
welfare as (select * from {{ ref('int_households__as_of') }} where as_of_date = {{ as_of() }}),
attendance as (select * from {{ ref('child_attendance') }} where as_of_date = {{ as_of() }}),
spells as {{ known_by_child(ref('int_enrollments__spells')) }},

withdrawals as (
    select
        guardian_key,
        count(distinct person_key) as n_withdrawn
    from spells
    where
        enrollment_state = 'RETIRADO'
        and school_year >= year({{ as_of() }}) - 2
        and guardian_key is not null
    group by guardian_key
),

-- the child itself may have been withdrawn before: it is no sibling of its own
own_withdrawals as (
    select distinct -- withdrawn more than once
        person_key,
        guardian_key
    from spells
    where enrollment_state = 'RETIRADO' and school_year >= year({{ as_of() }}) - 2
),

guardians as (
    select
        pupils.child_key,
        pupils.guardian_key,
        count(*) over (family) - 1 as n_siblings,
        {{ of_mates('count', 'attendance.absence_days', 'family') }} as n_siblings_counted,
        {{ of_mates('sum', 'attendance.absence_days', 'family') }} as siblings_absence_days
    from pupils
    inner join attendance on pupils.child_key = attendance.child_key
    where pupils.guardian_key is not null
    window family as (partition by pupils.guardian_key)
),

household as (
    select
        pupils.child_key,
        pupils.as_of_date,
        welfare.poverty_class,
        welfare.poverty_class_change,
        welfare.class_age_years,
        coalesce(welfare.class_age_years >= {{ var('class_valid_years') }}, false) as is_class_expired,
        coalesce(welfare.receives_transfer, false) as receives_transfer,
        coalesce(welfare.has_lost_transfer, false) as has_lost_transfer,
        coalesce(welfare.n_transfer_years, 0) as n_transfer_years,
        coalesce(welfare.poverty_class > 0 and not welfare.receives_transfer, false) as is_poor_without_transfer,
        cast(coalesce(guardians.n_siblings, 0) as integer) as n_siblings,
        cast(
            coalesce(withdrawals.n_withdrawn, 0) - cast(own_withdrawals.person_key is not null as integer) as integer
        ) as n_siblings_withdrawn,
        {{ share('guardians.siblings_absence_days', 'guardians.n_siblings_counted', 2) }} as siblings_absence_days,
        coalesce(pupils.guardian_schooling = 'SIN NIVEL', false) as is_guardian_unschooled
    from pupils
    left join welfare on pupils.child_key = welfare.child_key
    left join guardians on pupils.child_key = guardians.child_key
    left join withdrawals on pupils.guardian_key = withdrawals.guardian_key
    left join own_withdrawals
        on pupils.child_key = own_withdrawals.person_key and pupils.guardian_key = own_withdrawals.guardian_key
)

select * from household
