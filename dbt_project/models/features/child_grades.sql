with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
periods as {{ of_date(ref('int_grades__periods')) }},
classes as {{ of_date(ref('int_pupils__class_sums')) }},

beside_class as (
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
        classes.points - last_marks.points as mates_points,
        classes.n_competences - last_marks.n_competences as mates_competences
    from pupils
    left join periods as last_marks
        on pupils.child_key = last_marks.child_key and last_marks.recency = 1
    left join classes on {{ in_same_class('pupils', 'classes') }}
),

grades as (
    select
        latest.child_key,
        latest.as_of_date,
        latest.n_areas,
        latest.n_failed_areas,
        {{ share('latest.points', 'latest.n_competences') }} as mean_mark_points,
        {{ share('latest.n_lowest', 'latest.n_competences') }} as lowest_mark_share,
        {{ gap(share('latest.points', 'latest.n_competences'),
            share('earlier_marks.points', 'earlier_marks.n_competences')) }}
            as mean_mark_points_change,
        latest.marks_year = latest.school_year as are_marks_of_this_year,
        latest.has_failed_mathematics,
        latest.has_failed_communication,
        latest.worst_area_points,
        {{ gap('latest.best_area_points', 'latest.worst_area_points') }} as area_points_range,
        latest.n_failed_areas - earlier_marks.n_failed_areas as n_failed_areas_change,
        earlier_marks.n_failed_areas as earlier_failed_areas,
        {{ gap(share('latest.points', 'latest.n_competences'),
            share('latest.mates_points', 'latest.mates_competences')) }}
            as class_mark_points_gap
    from beside_class as latest
    left join periods as earlier_marks
        on latest.child_key = earlier_marks.child_key and earlier_marks.recency = 2
)

select * from grades
