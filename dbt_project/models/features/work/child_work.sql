with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

surveys as {{ known_by_child(ref('int_work__hours')) }},

last_surveys as (
    select
        person_key,
        max_by(weekly_work_hours, survey_year) as weekly_work_hours
    from surveys
    where survey_year >= year({{ as_of() }}) - 1
    group by person_key
),

hours as (
    select
        pupils.child_key,
        pupils.as_of_date,
        greatest(
            coalesce(pupils.declared_work_hours, 0), coalesce(last_surveys.weekly_work_hours, 0)
        ) as weekly_work_hours,
        last_surveys.weekly_work_hours is not null as is_work_surveyed
    from pupils
    left join last_surveys on pupils.child_key = last_surveys.person_key
),

work as (
    select
        child_key,
        as_of_date,
        weekly_work_hours,
        weekly_work_hours > 0 as is_working,
        weekly_work_hours >= {{ var('work_hours_risk') }} as has_risky_work_hours,
        is_work_surveyed
    from hours
)

select * from work
