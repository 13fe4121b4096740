with
grades as (select * from {{ ref('grades') }})

select
    grade,
    stage,
    grade_name,
    entry_age,
    next_grade,
    is_first_of_stage,
    is_last_of_stage
from grades
