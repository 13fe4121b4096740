{{ config(materialized='view') }}

{#- indicator → of which pupils it is told, at which level, and who of them is a case -#}
{%- set indicators = {
    'official_age': ["level in ('B0', 'F0')", "level", "level = level_of_age"],
    'intake': ["level = 'B0' and grade = 4 and is_new", "level", "grade = grade_of_age"],
    'in_school': ["level_of_age is not null", "level_of_age", "level = level_of_age"],
} -%}

with
-- years of which the next one has told: what is shown of a year is shown once
enrollments as (select * from {{ ref('fct_enrollment_year') }} where flow is not null),
schools as (select * from {{ ref('dim_school') }} where department_code is not null),
ages as (select * from {{ ref('grades') }}),

-- the level and grade of a pupil, and those that the pupil's age is for
pupils as (
    select
        enrollments.child_key,
        enrollments.school_year,
        schools.department_code,
        coalesce(schools.ugel_code, '{{ var("no_district") }}') as ugel_code,
        enrollments.level,
        enrollments.grade,
        not enrollments.is_repeater and not enrollments.is_reentrant as is_new,
        {{ level_of_stage('ages.stage') }} as level_of_age,
        ages.grade as grade_of_age
    from enrollments
    inner join schools on enrollments.school_key = schools.school_key
    left join ages on enrollments.age_at_march = ages.entry_age
)

{% for indicator, (counted, level, case) in indicators.items() %}
    select
        child_key,
        school_year,
        department_code,
        ugel_code,
        {{ level }} as level,
        '{{ indicator }}' as indicator,
        coalesce({{ case }}, false) as is_case
    from pupils
    where {{ counted }}
    {% if not loop.last %} union all {% endif %}
{% endfor %}
