with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

areas as {{ known_by_child(ref('int_grades__areas')) }},

periods as (
    select
        person_key,
        school_year,
        period,
        count(*) as n_areas,
        sum(cast(is_failed as integer)) as n_failed_areas,
        sum(points) as points,
        sum(n_competences) as n_competences,
        sum(n_lowest) as n_lowest
    from areas
    where school_year between year({{ as_of() }}) - 1 and year({{ as_of() }})
    group by person_key, school_year, period
),

latest as (
    select
        *,
        row_number() over (partition by person_key order by school_year desc, period desc) as recency
    from periods
),

grades as (
    select
        pupils.child_key,
        pupils.as_of_date,
        cast(last_marks.n_areas as integer) as n_areas,
        cast(last_marks.n_failed_areas as integer) as n_failed_areas,
        {{ share('last_marks.points', 'last_marks.n_competences') }} as mean_mark_points,
        {{ share('last_marks.n_lowest', 'last_marks.n_competences') }} as lowest_mark_share,
        {{ share('last_marks.points', 'last_marks.n_competences') }}
        - {{ share('earlier_marks.points', 'earlier_marks.n_competences') }} as mean_mark_points_change,
        last_marks.school_year = pupils.school_year as are_marks_of_this_year
    from pupils
    left join latest as last_marks
        on pupils.child_key = last_marks.person_key and last_marks.recency = 1
    left join latest as earlier_marks
        on pupils.child_key = earlier_marks.person_key and earlier_marks.recency = 2
)

select * from grades
