with
listed as (select * from {{ ref('int_lists__current') }}),
known_areas as {{ known_by_child(ref('int_grades__areas'), list_day()) }},
names as (select * from {{ ref('learning_areas') }}),

of_listed as (
    select known_areas.*
    from known_areas
    inner join listed
        on
            known_areas.person_key = listed.child_key
            and known_areas.school_year >= year(listed.as_of_date) - 1
),

areas as {{ areas_told_last('of_listed') }},

newest as (
    select * from areas
    qualify
        dense_rank() over (partition by person_key order by school_year desc, period desc) = 1
),

-- mathematics and communication are told first: what else is failed often rests on them
ordered as (
    select
        newest.person_key as child_key,
        newest.school_year,
        newest.period,
        newest.is_failed,
        coalesce(names.area_name, lower(newest.learning_area)) as area_name,
        row_number() over (
            partition by newest.person_key, newest.is_failed
            order by names.area_order nulls last, newest.learning_area
        ) as area_position,
        count(*) over (partition by newest.person_key, newest.is_failed) as n_alike
    from newest
    left join names on newest.learning_area = names.learning_area
),

failed as (
    select
        child_key,
        {{ spoken_list('area_name', 'area_position', 'n_alike') }} as failed_areas,
        max(case when area_position = 1 then area_name end) as first_area,
        cast(count(*) as integer) as n_failed_areas
    from ordered
    where is_failed
    group by child_key
),

marked as (
    select
        child_key,
        case max(period) when 'A' then 'la primera mitad de ' else '' end
        || cast(max(school_year) as string) as marks_period,
        cast(count(*) as integer) as n_areas
    from ordered
    group by child_key
),

marks as (
    select
        marked.child_key,
        marked.marks_period,
        marked.n_areas,
        coalesce(failed.n_failed_areas, 0) as n_failed_areas,
        failed.failed_areas,
        failed.first_area
    from marked
    left join failed on marked.child_key = failed.child_key
)

select * from marks
