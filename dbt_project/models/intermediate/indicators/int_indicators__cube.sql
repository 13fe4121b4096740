with
features as (
    select
        child_key,
        as_of_date,
        school_year,
        department_code,
        coalesce(ugel_code, '{{ var("no_district") }}') as ugel_code,
        level,
        over_age_years,
        is_female,
        speaks_indigenous_language,
        has_disability,
        is_foreign,
        is_rural
    from {{ ref('child_features') }}
    where month(as_of_date) = 4 and department_code is not null
),

outcomes as (
    select
        child_key,
        as_of_date,
        outcome as indicator,
        coalesce(label, false) as label
    from {{ ref('child_outcomes') }}
    where is_in_rate and month(as_of_date) = 4
),

judged as (
    select
        features.*,
        outcomes.indicator,
        outcomes.label
    from outcomes
    inner join features on {{ same_child_and_date('outcomes', 'features') }}
    union all
    select
        *,
        'over_age' as indicator,
        over_age_years >= {{ var('over_age_risk_years') }} as label
    from features
    where over_age_years is not null
),

counted as ( -- before values get their names, which are longer
    select
        * exclude (child_key, as_of_date, over_age_years, label),
        count(*) as n_pupils,
        sum(cast(label as integer)) as n_cases
    from judged
    group by all
),

cube as (
    select
        school_year,
        department_code,
        ugel_code,
        level,
        indicator,
        {{ trait('sex', 'is_female', 'mujer', 'varón') }} as sex,
        {{ trait('language', 'speaks_indigenous_language', 'originaria', 'castellano') }}
            as language,
        {{ trait('disability', 'has_disability', 'con', 'sin') }} as disability,
        {{ trait('nationality', 'is_foreign', 'extranjera', 'peruana') }} as nationality,
        {{ trait('area', 'is_rural', 'rural', 'urban') }} as area,
        n_pupils,
        n_cases
    from counted
)

select * from cube
