with
due as (select * from {{ ref('int_actions__due') }} where is_tutor_safe),

firsts as (
    select * from due
    qualify row_number() over (partition by child_key order by action_position) = 1
),

counts as (
    select
        as_of_date,
        rule,
        action_name,
        count(*) as n_children,
        sum(count(*)) over (partition by as_of_date) as n_listed
    from firsts
    group by as_of_date, rule, action_name
),

-- neither few children nor an exact number, which others would give away
shown as (
    select
        as_of_date,
        rule,
        action_name,
        case
            when n_children >= {{ var('smallest_shown') }}
                then cast(5 * round(n_children / 5) as bigint)
        end as n_children,
        case
            when n_children >= {{ var('smallest_shown') }}
                then {{ share('n_children', 'n_listed', 2) }}
        end as list_share
    from counts
)

select * from shown
