{{ config(materialized='view') }}

{#- indicator → of which pupils it is told, and who of them is a case: as the measures say it -#}
{%- set indicators = {
    'promotion': ["flow <> 'died'", "flow in ('promoted', 'graduated')"],
    'grade_repetition': ["flow <> 'died'", "flow = 'repeated'"],
    'dropout': ["flow <> 'died'", "flow in ('left', 'moved to alternative')"],
    'transition': ["flow <> 'died' and grade = 9", "flow = 'promoted'"],
    'chronic_absence': ["open_days > 0", "10 * absence_days >= open_days"],
    'severe_absence': ["open_days > 0", "5 * absence_days >= open_days"],
} -%}

with
-- years of which the next one has told: what is shown of a year is shown once
enrollments as (
    select * from {{ ref('fct_enrollment_year') }}
    where level in ('B0', 'F0') and flow is not null
),

schools as (select * from {{ ref('dim_school') }} where department_code is not null),

pupils as (
    select
        enrollments.child_key,
        enrollments.school_year,
        schools.department_code,
        coalesce(schools.ugel_code, '{{ var("no_district") }}') as ugel_code,
        enrollments.level,
        enrollments.grade,
        enrollments.is_female,
        enrollments.speaks_indigenous_language,
        enrollments.has_disability,
        enrollments.is_foreign,
        schools.is_rural,
        schools.is_public,
        enrollments.flow,
        enrollments.open_days,
        enrollments.absence_days
    from enrollments
    inner join schools on enrollments.school_key = schools.school_key
),

judged as (
    {% for indicator, (counted, case) in indicators.items() %}
        select
            *,
            '{{ indicator }}' as indicator,
            {{ case }} as is_case
        from pupils
        where {{ counted }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}
)

select
    child_key,
    school_year,
    department_code,
    ugel_code,
    level,
    grade,
    is_female,
    speaks_indigenous_language,
    has_disability,
    is_foreign,
    is_rural,
    is_public,
    indicator,
    is_case
from judged
