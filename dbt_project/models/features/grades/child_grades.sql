with
pupils as (select * from {{ ref('int_pupils__as_of') }} where as_of_date = {{ as_of() }}),
periods as (select * from {{ ref('int_grades__periods') }} where as_of_date = {{ as_of() }}),

classes as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.school_year,
        last_marks.school_year as marks_year,
        last_marks.n_areas,
        last_marks.n_failed_areas,
        last_marks.points,
        last_marks.n_competences,
        last_marks.n_lowest,
        last_marks.best_area_points,
        last_marks.worst_area_points,
        last_marks.has_failed_mathematics,
        last_marks.has_failed_communication,
        sum(last_marks.points) over (class) - last_marks.points as mates_points,
        sum(last_marks.n_competences) over (class) - last_marks.n_competences as mates_competences
    from pupils
    left join periods as last_marks on pupils.child_key = last_marks.child_key and last_marks.recency = 1
    window class as (partition by pupils.service_code, pupils.grade, pupils.section)
),

grades as (
    select
        classes.child_key,
        classes.as_of_date,
        classes.n_areas,
        classes.n_failed_areas,
        {{ share('classes.points', 'classes.n_competences') }} as mean_mark_points,
        {{ share('classes.n_lowest', 'classes.n_competences') }} as lowest_mark_share,
        {{ gap(share('classes.points', 'classes.n_competences'),
            share('earlier_marks.points', 'earlier_marks.n_competences')) }} as mean_mark_points_change,
        classes.marks_year = classes.school_year as are_marks_of_this_year,
        classes.has_failed_mathematics,
        classes.has_failed_communication,
        classes.worst_area_points,
        {{ gap('classes.best_area_points', 'classes.worst_area_points') }} as area_points_range,
        classes.n_failed_areas - earlier_marks.n_failed_areas as n_failed_areas_change,
        earlier_marks.n_failed_areas as earlier_failed_areas,
        {{ gap(share('classes.points', 'classes.n_competences'),
            share('classes.mates_points', 'classes.mates_competences')) }} as class_mark_points_gap
    from classes
    left join periods as earlier_marks on classes.child_key = earlier_marks.child_key and earlier_marks.recency = 2
)

select * from grades
