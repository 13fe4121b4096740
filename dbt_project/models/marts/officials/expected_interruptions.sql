with
scored as (select * from {{ ref('int_indicators__probabilities') }}),

groups as (
    select
        as_of_date,
        coalesce(department_code, '00') as department_code,
        level,
        count(*) as n_children,
        avg(probability) as mean_probability
    from scored
    group by as_of_date, level, rollup(department_code)
),

-- a mean of few is not told, and with it not the nation's, which would tell it
told as (
    select
        *,
        case
            when department_code = '00' then min(n_children) over (partition by level)
            else n_children
        end >= 2 * {{ var('smallest_shown') }} as is_told
    from groups
),

expected as (
    select
        told.as_of_date,
        told.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        told.level,
        case when told.is_told then round(told.mean_probability, 3) end as mean_probability
    from told
    left join {{ ref('departments') }} as departments
        on told.department_code = departments.department_code
)

select * from expected
