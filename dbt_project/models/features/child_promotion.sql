with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
grades as {{ of_date(ref('child_grades')) }},

norms as (
    select
        child_key,
        as_of_date,
        coalesce(grade = {{ var('automatic_promotion_grade') }}, false)
        or {{ is_promotion_guided(as_of()) }} as is_promotion_automatic
    from pupils
),

-- marks of the year before decide nothing any more
promotion as (
    select
        norms.child_key,
        norms.as_of_date,
        norms.is_promotion_automatic,
        case
            when norms.is_promotion_automatic then 0
            when grades.are_marks_of_this_year then grades.n_failed_areas
        end as n_counting_failed_areas
    from norms
    inner join grades on norms.child_key = grades.child_key
)

select * from promotion
