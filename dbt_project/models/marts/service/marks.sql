with
aliases as (select * from {{ ref('int_cases__children') }}),
grades as {{ newest(ref('int_grades__areas')) }},
sent as (select * from {{ ref('stg_siagie__grades') }}),
names as (select * from {{ ref('learning_areas') }}),

of_children as (
    select
        grades.*,
        aliases.child_key as person_key
    from grades
    inner join aliases on grades.child_key = aliases.alias_key
    qualify
        dense_rank() over (
            partition by aliases.child_key order by grades.school_year desc, grades.period desc
        ) <= 2
),

areas as {{ areas_told_last('of_children') }},

marks as (
    select
        cast(areas.person_key as string) as child_key,
        areas.school_year,
        areas.period,
        areas.learning_area,
        coalesce(names.area_name, lower(areas.learning_area)) as area_name,
        coalesce(names.area_order, 99) as area_order,
        trim(
            concat(
                coalesce(sent.competence_1_mark, ''), ' ',
                coalesce(sent.competence_2_mark, ''), ' ',
                coalesce(sent.competence_3_mark, '')
            )
        ) as marks_text,
        areas.is_failed
    from areas
    inner join sent on areas._file = sent._file and areas._line = sent._line
    left join names on areas.learning_area = names.learning_area
)

select * from marks
