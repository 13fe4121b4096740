{{ config(materialized='view') }}

with
features as (
    select
        child_key,
        as_of_date,
        school_year,
        department_code,
        coalesce(ugel_code, '{{ var("no_district") }}') as ugel_code,
        level,
        grade,
        over_age_years,
        is_female,
        speaks_indigenous_language,
        has_disability,
        is_foreign,
        is_rural,
        is_public_school as is_public
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
        outcomes.label as is_case
    from outcomes
    inner join features on {{ same_child_and_date('outcomes', 'features') }}
    union all
    select
        *,
        'over_age' as indicator,
        over_age_years >= {{ var('over_age_risk_years') }} as is_case
    from features
    where over_age_years is not null
)

select
    child_key,
    as_of_date,
    school_year,
    department_code,
    ugel_code,
    level,
    grade,
    is_female,
    speaks_indigenous_language,
    has_disability,
    is_foreign,
    is_rural,
    is_public,
    indicator,
    is_case
from judged
