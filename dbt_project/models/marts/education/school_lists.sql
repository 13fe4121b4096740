with
features as (
    select
        child_key,
        as_of_date,
        ugel_code,
        service_code,
        level
    from {{ ref('child_features') }}
    qualify as_of_date = max(as_of_date) over ()
),

listed as (select * from {{ ref('int_lists__current') }}),

names as {{ school_names() }},

schools as (
    select
        features.ugel_code,
        features.as_of_date,
        features.service_code,
        any_value(names.school_name) as school_name,
        features.level,
        cast(count(*) as bigint) as n_pupils,
        cast(count(listed.child_key) as bigint) as n_listed
    from features
    left join listed on {{ same_child_and_date('features', 'listed') }}
    left join names on features.service_code = names.service_code
    where features.ugel_code is not null
    group by features.ugel_code, features.as_of_date, features.service_code, features.level
)

select * from schools
