with
-- who is in need is told by these traits themselves: a gap would say nothing
cube as (select * from {{ ref('int_indicators__cube') }} where indicator <> 'unmet_need'),

-- the nation's pupils, split by one trait at a time
counts as (
    select
        school_year,
        level,
        indicator,
        coalesce(sex, language, disability, nationality, area) as group_name,
        sum(n_pupils) as n_pupils,
        sum(n_cases) as n_cases
    from cube
    group by school_year, level, indicator, grouping sets ((sex), (language), (disability), (nationality), (area))
)

select * from counts
