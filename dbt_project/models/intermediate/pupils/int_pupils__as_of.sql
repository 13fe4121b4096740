{{ config(materialized='as_of') }}

with
spells as {{ known_by_child(ref('int_enrollments__spells')) }},
schools as {{ of_date(ref('int_schools__as_of')) }},

-- a transfer is no exit: the child's school counts first, then an exit, then a school it has left
ranked as (
    select
        *,
        case enrollment_state
            when 'FALLECIDO' then 0
            when 'RETIRADO' then 2
            when 'TRASLADADO' then 3
            else 1
        end as state_rank
    from spells
    where school_year = year({{ as_of() }})
),

current_spells as (
    select * from ranked
    qualify row_number() over (
        partition by person_key
        order by
            state_rank asc,
            enrolled_date desc,
            registered_date desc,
            service_code asc,
            child_key asc
    ) = 1
),

pupils as (
    select
        current_spells.person_key as child_key,
        {{ as_of() }} as as_of_date,
        current_spells.school_year,
        current_spells.service_code,
        current_spells.level,
        current_spells.grade,
        current_spells.section,
        current_spells.guardian_key,
        current_spells.sex,
        current_spells.mother_tongue,
        current_spells.birth_country,
        current_spells.disability,
        current_spells.birth_date,
        current_spells.is_dni_validated,
        current_spells.guardian_schooling,
        current_spells.declared_work_hours,
        current_spells.entry_situation,
        current_spells.enrollment_state = 'TRASLADADO' as is_in_transit,
        current_spells.enrolled_date,
        schools.ugel_code,
        schools.department_code,
        schools.district_code,
        schools.is_rural
    from current_spells
    left join schools on current_spells.service_code = schools.service_code
    where
        not {{ is_exit('current_spells.enrollment_state') }}
        and current_spells.level in ('B0', 'F0')
)

select * from pupils
