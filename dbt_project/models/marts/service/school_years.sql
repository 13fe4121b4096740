with
aliases as (select * from {{ ref('int_cases__children') }}),
spells as {{ newest(ref('int_enrollments__spells')) }},
results as {{ newest(ref('int_enrollments__results')) }},
grades as (select * from {{ ref('grades') }}),

of_children as (
    select
        spells.*,
        aliases.child_key as person_key
    from spells
    inner join aliases on spells.child_key = aliases.alias_key
    qualify row_number() over (
        partition by aliases.child_key, spells.school_year, spells.service_code
        order by spells.registered_date desc, spells.enrolled_date desc, spells.child_key asc
    ) = 1
),

school_years as (
    select
        cast(of_children.person_key as string) as child_key,
        of_children.school_year,
        of_children.service_code,
        grades.grade_name,
        of_children.section,
        of_children.enrolled_date,
        of_children.entry_situation,
        results.year_result,
        cast(
            {{ age_at_march('of_children.birth_date', 'of_children.school_year') }}
            - grades.entry_age
            as integer
        ) as over_age_years
    from of_children
    left join results
        on
            of_children.child_key = results.child_key
            and of_children.school_year = results.school_year
            and of_children.service_code = results.service_code
    left join grades on of_children.grade = grades.grade
)

select * from school_years
