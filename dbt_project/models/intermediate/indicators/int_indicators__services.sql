{{ config(materialized='as_of') }}

with
-- once a year, on the last date that every school year has
features as (
    select {{ with_replaced({'ugel_code': "coalesce(ugel_code, '" ~ var("no_district") ~ "')"}) }}
    from {{ ref('child_features') }}
    where as_of_date = {{ as_of() }} and month(as_of_date) = 10 and department_code is not null
),

needs as {{ of_date(ref('int_supports__needs')) }},

attendance as (
    select
        child_key,
        'low_attendance' as indicator,
        {{ is_low_attendance('attendance_share') }} as is_case
    from features
    where attendance_share is not null
),

unmet as (
    select
        child_key,
        support_code as indicator,
        not is_received as is_case
    from needs
),

judged as (
    select * from attendance
    union all
    select * from unmet
),

-- each UGEL, each department (of no UGEL), and the nation as department 00
counts as (
    select
        features.as_of_date,
        features.school_year,
        coalesce(features.department_code, '00') as department_code,
        features.ugel_code,
        features.level,
        judged.indicator,
        count(*) as n_pupils,
        cast(sum(cast(judged.is_case as integer)) as bigint) as n_cases
    from judged
    inner join features on judged.child_key = features.child_key
    group by
        features.as_of_date, features.school_year, features.level, judged.indicator,
        rollup(features.department_code, features.ugel_code)
)

select * from counts
