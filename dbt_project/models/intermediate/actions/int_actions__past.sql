with
listed as (select * from {{ ref('int_lists__current') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
spells as {{ known_by_child(ref('int_enrollments__spells'), list_day()) }},
schools as {{ newest(ref('int_schools__registers')) }},
support as {{ known_by_child(ref('int_supports__received'), list_day()) }},

places as (
    select
        listed.child_key,
        listed.as_of_date,
        pupils.service_code,
        lower(pupils.mother_tongue) as mother_tongue
    from listed
    inner join pupils on {{ same_child_and_date('listed', 'pupils') }}
),

-- where it was before it moved this year, and why it left a school for a time
schooling as (
    select
        places.child_key,
        max_by(
            coalesce(schools.school_name, spells.service_code),
            (spells.enrolled_date, spells.service_code)
        ) filter (
            where spells.school_year = year(places.as_of_date)
            and spells.service_code <> places.service_code
        ) as former_school,
        max(spells.school_year) filter (
            where spells.withdrawal_reason is not null
        ) as withdrawal_year,
        -- as registered, with its accents
        replace(
            replace(
                lower(max_by(
                    spells.withdrawal_reason,
                    (spells.school_year, spells.enrolled_date, spells.withdrawal_reason)
                ) filter (where spells.withdrawal_reason is not null)),
                'situacion', 'situación'
            ),
            'economica', 'económica'
        ) as withdrawal_reason,
        coalesce(
            bool_or(
                spells.withdrawal_reason like '%EMBARAZ%'
                or spells.withdrawal_reason like '%MATERNIDAD%'
            ),
            false
        ) as left_for_motherhood
    from places
    inner join spells on places.child_key = spells.person_key
    left join schools on spells.service_code = schools.service_code
    group by places.child_key
),

served as (
    select
        places.child_key,
        max(support.support_date) as support_date,
        max_by(support.support_code, (support.support_date, support.support_code)) as support_code
    from places
    inner join support
        on places.child_key = support.person_key and places.as_of_date >= support.support_date
    group by places.child_key
),

past as (
    select
        places.child_key,
        places.mother_tongue,
        schooling.former_school,
        schooling.withdrawal_year,
        schooling.withdrawal_reason,
        schooling.left_for_motherhood,
        served.support_date,
        served.support_code as last_support_code
    from places
    inner join schooling on places.child_key = schooling.child_key
    left join served on places.child_key = served.child_key
)

select * from past
