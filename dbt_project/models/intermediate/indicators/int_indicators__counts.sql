with
cube as (select * from {{ ref('int_indicators__cube') }}),

-- each UGEL, each department (of no UGEL), and the nation as department 00
counts as (
    select
        school_year,
        coalesce(department_code, '00') as department_code,
        ugel_code,
        level,
        indicator,
        cast(sum(n_pupils) as bigint) as n_pupils,
        cast(sum(n_cases) as bigint) as n_cases
    from cube
    group by school_year, level, indicator, rollup(department_code, ugel_code)
)

-- what is rare is shown of the nation, and some of it of departments
select * from counts
where
    department_code = '00'
    or not ({{ is_rare('indicator') }})
    or ({{ is_of_departments('indicator') }} and ugel_code is null)
