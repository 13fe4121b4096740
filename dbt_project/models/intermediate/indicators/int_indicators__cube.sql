with
april as (select * from {{ ref('int_indicators__judged') }}),
years as (select * from {{ ref('int_indicators__judged_years') }}),
ages as (select * from {{ ref('int_indicators__judged_ages') }}),

-- who is counted by age and not by grade is counted of no group
{%- set groups = [
    'grade', 'is_female', 'speaks_indigenous_language', 'has_disability', 'is_foreign', 'is_rural',
    'is_public',
] %}

judged as (
    {{ stacked(['school_year', 'department_code', 'ugel_code', 'level', 'indicator', 'is_case']
        + groups, {'april': {}, 'years': {}, 'ages': dict.fromkeys(groups, 'null')}) }}
),

counted as ( -- before values get their names, which are longer
    select
        {{ without(['is_case']) }},
        count(*) as n_pupils,
        cast(sum(cast(is_case as integer)) as bigint) as n_cases
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
        {{ trait('management', 'is_public', 'pública', 'privada') }} as management,
        -- of transition the one grade is the whole
        case
            when indicator <> 'transition'
                then 'grade=' || lpad(cast(grade as string), 2, '0')
        end as grade,
        n_pupils,
        n_cases
    from counted
)

select * from cube
