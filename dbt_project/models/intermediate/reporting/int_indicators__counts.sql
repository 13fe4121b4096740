with
features as (select * from {{ ref('child_features') }} where month(as_of_date) = 4),

outcomes as (
    select
        child_key,
        as_of_date,
        outcome as indicator,
        label
    from {{ ref('child_outcomes') }}
    where label is not null
),

over_age as (
    select
        child_key,
        as_of_date,
        'over_age' as indicator,
        over_age_years >= {{ var('over_age_risk_years') }} as label
    from features
),

indicators as (
    select * from outcomes
    union all
    select * from over_age
),

placed as (
    select
        features.school_year,
        features.department_code,
        features.level,
        indicators.indicator,
        indicators.label
    from indicators
    inner join features
        on indicators.child_key = features.child_key and indicators.as_of_date = features.as_of_date
    where features.department_code is not null
),

-- each department, and the nation as department 00
counts as (
    select
        school_year,
        coalesce(department_code, '00') as department_code,
        level,
        indicator,
        count(*) as n_pupils,
        sum(cast(label as integer)) as n_cases
    from placed
    group by school_year, level, indicator, rollup(department_code)
)

select * from counts
