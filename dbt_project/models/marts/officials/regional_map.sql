with
indicators as (select * from {{ ref('indicators') }}),
departments as (select * from {{ ref('departments') }}),

-- a marker at each capital
markers as (
    select
        indicators.school_year,
        departments.department_code,
        departments.department_name,
        departments.capital,
        departments.latitude,
        departments.longitude,
        indicators.level,
        indicators.indicator,
        indicators.n_pupils,
        indicators.case_share
    from indicators
    inner join departments on indicators.department_code = departments.department_code
    where not indicators.is_hidden
)

select * from markers
