with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
surveys as {{ known_by_child(ref('int_children__work_hours')) }},

surveyed as (
    select
        person_key,
        max(case when survey_year >= year({{ as_of() }}) - 1 then survey_year end) as last_year,
        -- a survey that tells no hours does not bring back those of the one before; of two keys
        -- surveyed in one year the more hours count
        max_by(
            coalesce(weekly_work_hours, 0),
            1000 * survey_year + coalesce(weekly_work_hours, 0)
        ) filter (where survey_year >= year({{ as_of() }}) - 1) as weekly_work_hours,
        max(case when survey_year < year({{ as_of() }}) then weekly_work_hours end)
            as most_hours_before,
        count(distinct survey_year) as n_years
    from surveys
    group by person_key
),

hours as (
    select
        pupils.child_key,
        pupils.as_of_date,
        coalesce(pupils.declared_work_hours, 0) > 0 as declares_work,
        greatest(
            coalesce(pupils.declared_work_hours, 0), coalesce(surveyed.weekly_work_hours, 0)
        ) as weekly_work_hours,
        surveyed.last_year is not null as is_work_surveyed,
        surveyed.most_hours_before,
        surveyed.n_years
    from pupils
    left join surveyed on pupils.child_key = surveyed.person_key
),

work as (
    select
        child_key,
        as_of_date,
        weekly_work_hours,
        weekly_work_hours > 0 as is_working,
        weekly_work_hours >= {{ var('work_hours_risk') }} as has_risky_work_hours,
        is_work_surveyed,
        declares_work,
        weekly_work_hours - coalesce(most_hours_before, 0) as work_hours_change,
        cast(coalesce(n_years, 0) as integer) as n_surveyed_work_years
    from hours
)

select * from work
