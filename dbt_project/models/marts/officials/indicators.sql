with

counts as (
    select * from {{ ref('int_indicators__counts') }}
),

departments as (
    select * from {{ ref('departments') }}
),

-- small counts are hidden with their complements
primary_hidden as (
    select
        *,
        least(n_cases, n_pupils - n_cases) < {{ var('smallest_count') }} as is_small
    from counts
),

-- one hidden region alone could be had from the nation's total: the next smallest is hidden with it
numbered as (
    select
        *,
        sum(case when is_small and department_code <> '00' then 1 else 0 end)
            over (partition by school_year, level, indicator) as n_small,
        row_number() over (
            partition by school_year, level, indicator, is_small, department_code = '00'
            order by n_cases, department_code
        ) as place
    from primary_hidden
),

hidden as (
    select
        *,
        is_small or (department_code <> '00' and n_small = 1 and place = 1) as is_hidden
    from numbered
),

indicators as (
    select
        hidden.school_year,
        hidden.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        hidden.level,
        hidden.indicator,
        case when not hidden.is_hidden then {{ rounded('hidden.n_pupils') }} end as n_pupils,
        case when not hidden.is_hidden then {{ rounded('hidden.n_cases') }} end as n_cases,
        case when not hidden.is_hidden
            then {{ share(rounded('hidden.n_cases'), rounded('hidden.n_pupils')) }} end as case_share,
        hidden.is_hidden
    from hidden
    left join departments on hidden.department_code = departments.department_code
)

select * from indicators
