with
-- who is in need is told by these traits themselves: a gap would say nothing
cube as (select * from {{ ref('int_indicators__cube') }} where {{ is_grouped('indicator') }}),

pupils as (
    {% for trait in
        ['sex', 'language', 'disability', 'nationality', 'area', 'management', 'grade']
    %}
        select
            school_year,
            department_code,
            ugel_code,
            level,
            indicator,
            {{ trait }} as group_name,
            n_pupils,
            n_cases
        from cube
        where {{ trait }} is not null
        {% if not loop.last %} union all {% endif %}
    {% endfor %}
),

offices as (
    select distinct
        school_year,
        department_code,
        ugel_code,
        level,
        indicator
    from cube
),

groups as (
    select distinct
        school_year,
        level,
        indicator,
        group_name
    from pupils
),

-- a group that were missing from a UGEL would be known to be empty
counted as (
    select * from pupils
    union all
    select
        offices.*,
        groups.group_name,
        0 as n_pupils,
        0 as n_cases
    from offices
    inner join groups
        on
            offices.school_year = groups.school_year
            and offices.level = groups.level
            and offices.indicator = groups.indicator
),

-- each UGEL, each department (of no UGEL), and the nation as department 00
counts as (
    select
        school_year,
        coalesce(department_code, '00') as department_code,
        ugel_code,
        level,
        indicator,
        group_name,
        cast(sum(n_pupils) as bigint) as n_pupils,
        cast(sum(n_cases) as bigint) as n_cases
    from counted
    group by school_year, level, indicator, group_name, rollup(department_code, ugel_code)
)

-- so few have a disability or come from abroad that of a department, or of what is rare, next to
-- nothing could be shown
select * from counts
where
    (department_code = '00' or (
        split_part(group_name, '=', 1) in ('sex', 'language', 'area')
        and not ({{ is_rare('indicator') }})
    ))
    and (
        split_part(group_name, '=', 1) not in ('disability', 'nationality')
        or not ({{ is_rare('indicator') }})
    )
