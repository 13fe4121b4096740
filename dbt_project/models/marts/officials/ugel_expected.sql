with
scored as (select * from {{ ref('int_indicators__probabilities') }}),

groups as (
    select
        as_of_date,
        department_code,
        ugel_code,
        level,
        count(*) as n_children,
        avg(probability) as mean_probability
    from scored
    group by as_of_date, department_code, ugel_code, level
),

-- a mean of few is not told, and with it no other of its department, which tells its own
told as (
    select
        *,
        min(n_children) over (partition by department_code, level)
        >= 2 * {{ var('smallest_shown') }} as is_told
    from groups
),

expected as (
    select
        as_of_date,
        department_code,
        ugel_code,
        level,
        case when is_told then round(mean_probability, 3) end as mean_probability
    from told
    where ugel_code is not null
)

select * from expected
