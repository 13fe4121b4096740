with
aliases as (select * from {{ ref('int_cases__children') }} where alias_key = child_key),
spells as {{ known_by_child(ref('int_enrollments__spells'), today()) }},

recent as (
    select * from spells
    where
        school_year >= year({{ today() }}) - 1
        and section is not null
        and {{ is_attending('enrollment_state') }}
),

-- a pupil is of one class a year, the one enrolled in at last
pupils as (
    select
        person_key,
        school_year,
        service_code,
        grade,
        section
    from recent
    qualify row_number() over (
        partition by person_key, school_year
        order by enrolled_date desc, registered_date desc, service_code asc
    ) = 1
),

classes as (
    select
        pupils.person_key as child_key,
        pupils.school_year,
        classmates.person_key as classmate_key
    from pupils
    inner join aliases on pupils.person_key = aliases.child_key
    inner join pupils as classmates
        on
            pupils.school_year = classmates.school_year
            and pupils.service_code = classmates.service_code
            and pupils.grade = classmates.grade
            and pupils.section = classmates.section
            and pupils.person_key <> classmates.person_key
)

select * from classes
