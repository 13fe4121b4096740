with
april as (select * from {{ ref('int_indicators__judged') }}),
years as (select * from {{ ref('int_indicators__judged_years') }}),
ages as (select * from {{ ref('int_indicators__judged_ages') }}),

judged as (
    select * exclude (child_key, as_of_date) from april
    union all by name
    select * exclude (child_key) from years
    union all by name
    select * exclude (child_key) from ages
),

counted as ( -- before values get their names, which are longer
    select
        * exclude (is_case),
        count(*) as n_pupils,
        sum(cast(is_case as integer)) as n_cases
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
                then concat('grade=', lpad(cast(grade as varchar), 2, '0'))
        end as grade,
        n_pupils,
        n_cases
    from counted
)

select * from cube
