with
scored as (select * from {{ ref('int_indicators__probabilities') }}),

groups as (
    select
        as_of_date,
        department_code,
        ugel_code,
        level,
        count(*) as n_children,
        avg(probability) as mean_probability,
        {{ lowest_of('probability') }} / count(*) as lowest_probability,
        {{ highest_of('probability') }} / count(*) as highest_probability,
        count(probability) = count(*) as is_whole
    from scored
    group by as_of_date, department_code, ugel_code, level
),

-- where the model ranks without probabilities, even of some, nothing is expected;
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
        {% for column in ('mean_probability', 'lowest_probability', 'highest_probability') %}
            case when is_told and is_whole then {{ rounded(column, 3) }} end as {{ column }},
        {% endfor %}
        level
    from told
    where ugel_code is not null
)

select * from expected
