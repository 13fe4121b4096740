with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
welfare as {{ of_date(ref('int_households__as_of')) }},
peers as {{ of_date(ref('int_pupils__peers')) }},
withdrawn as {{ of_date(ref('int_households__withdrawn_children')) }},

withdrawals as (
    select
        guardian_key,
        count(*) as n_withdrawn
    from withdrawn
    group by guardian_key
),

families as (
    select
        guardian_key,
        count(*) as n_children,
        count(absence_days) as n_counted,
        sum(absence_days) as absence_days
    from peers
    where guardian_key is not null
    group by guardian_key
),

household as (
    select
        pupils.child_key,
        pupils.as_of_date,
        welfare.poverty_class,
        welfare.poverty_class_change,
        welfare.class_age_years,
        coalesce(welfare.class_age_years >= {{ var('class_valid_years') }}, false)
            as is_class_expired,
        coalesce(welfare.receives_transfer, false) as receives_transfer,
        coalesce(welfare.has_lost_transfer, false) as has_lost_transfer,
        coalesce(welfare.n_transfer_years, 0) as n_transfer_years,
        coalesce(welfare.poverty_class > 0 and not welfare.receives_transfer, false)
            as is_poor_without_transfer,
        cast(coalesce(families.n_children - 1, 0) as integer) as n_siblings,
        -- the child itself may have been withdrawn before: it is no sibling of its own
        cast(
            coalesce(withdrawals.n_withdrawn, 0)
            - cast(withdrawn.child_key is not null as integer) as integer
        ) as n_siblings_withdrawn,
        {{ share(of_mates('families.absence_days', 'peers.absence_days'),
            'families.n_counted - cast(peers.absence_days is not null as integer)', 2) }}
            as siblings_absence_days,
        coalesce(pupils.guardian_schooling = 'SIN NIVEL', false) as is_guardian_unschooled
    from pupils
    left join welfare on pupils.child_key = welfare.child_key
    inner join peers on pupils.child_key = peers.child_key
    left join families on pupils.guardian_key = families.guardian_key
    left join withdrawals on pupils.guardian_key = withdrawals.guardian_key
    left join withdrawn
        on pupils.child_key = withdrawn.child_key and pupils.guardian_key = withdrawn.guardian_key
)

select * from household
