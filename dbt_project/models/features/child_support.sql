with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
known_support as {{ known_by_child(ref('int_supports__received')) }},

-- one service of a day, whoever told it and under whichever key
support as (
    select distinct
        person_key,
        support_code,
        support_date
    from known_support
),

counted as (
    select
        person_key,
        count(*) as n_ever,
        count(distinct support_code) as n_kinds,
        count(*) filter (where year(support_date) = year({{ as_of() }})) as n_this_year,
        count(*) filter (where year(support_date) = year({{ as_of() }}) - 1) as n_last_year,
        bool_or(support_code = 'TUTOR' and year(support_date) = year({{ as_of() }})) as has_tutor,
        bool_or(support_code = 'VISITA' and year(support_date) = year({{ as_of() }})) as has_visit,
        bool_or(support_code = 'REFUERZO' and year(support_date) = year({{ as_of() }}))
            as has_remedial,
        max(support_date) as last_support_date
    from support
    where support_date <= {{ as_of() }}
    group by person_key
),

received as (
    select
        pupils.child_key,
        pupils.as_of_date,
        cast(coalesce(counted.n_this_year, 0) as integer) as n_supports_this_year,
        cast(coalesce(counted.n_last_year, 0) as integer) as n_supports_last_year,
        cast(coalesce(counted.n_ever, 0) as integer) as n_supports_ever,
        cast(coalesce(counted.n_kinds, 0) as integer) as n_support_kinds,
        coalesce(counted.has_tutor, false) as has_tutor_contact,
        coalesce(counted.has_visit, false) as has_home_visit,
        coalesce(counted.has_remedial, false) as has_remedial_lessons,
        {{ whole_days('counted.last_support_date', 'pupils.as_of_date') }} as days_since_support
    from pupils
    left join counted on pupils.child_key = counted.person_key
)

select * from received
