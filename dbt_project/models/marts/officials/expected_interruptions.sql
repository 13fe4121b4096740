with
scored as (select * from {{ ref('int_indicators__probabilities') }}),

groups as (
    select
        as_of_date,
        coalesce(department_code, '00') as department_code,
        level,
        count(*) as n_children,
        avg(probability) as mean_probability,
        {{ lowest_of('probability') }} / count(*) as lowest_probability,
        {{ highest_of('probability') }} / count(*) as highest_probability,
        count(probability) = count(*) as is_whole
    from scored
    group by as_of_date, level, rollup(department_code)
),

-- where the model ranks without probabilities, even of some, nothing is expected;
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
        case
            when told.is_told and told.is_whole then {{ rounded('told.mean_probability', 3) }}
        end as mean_probability,
        case
            when told.is_told and told.is_whole then {{ rounded('told.lowest_probability', 3) }}
        end as lowest_probability,
        case
            when told.is_told and told.is_whole then {{ rounded('told.highest_probability', 3) }}
        end as highest_probability
    from told
    left join {{ ref('departments') }} as departments
        on told.department_code = departments.department_code
)

select * from expected
