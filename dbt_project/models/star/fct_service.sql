-- depends_on: {{ ref('dim_pupil') }} {{ ref('dim_service') }}: a task's tests run when it ends
with
received as {{ known_by_child(ref('int_supports__received'), today()) }},

services as (
    select
        {{ pupil_key('person_key', 'year(support_date)') }} as pupil_key,
        person_key as child_key,
        cast(year(support_date) as bigint) as school_year,
        support_code,
        support_date,
        min(known_at) as known_from -- told under two keys of one child
    from received
    group by person_key, support_code, support_date
)

select * from services
