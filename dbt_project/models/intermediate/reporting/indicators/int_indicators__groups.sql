with
-- who is in need is told by these traits themselves: a gap would say nothing
cube as (select * from {{ ref('int_indicators__cube') }} where indicator <> 'unmet_need'),

-- the nation's pupils, once for each trait
pupils as (
    {% for trait in ['sex', 'language', 'disability', 'nationality', 'area'] %}
        select
            school_year,
            level,
            indicator,
            {{ trait }} as group_name,
            n_pupils,
            n_cases
        from cube
        {% if not loop.last %} union all {% endif %}
    {% endfor %}
),

counts as (
    select
        school_year,
        level,
        indicator,
        group_name,
        sum(n_pupils) as n_pupils,
        sum(n_cases) as n_cases
    from pupils
    group by school_year, level, indicator, group_name
)

select * from counts
