with
due as (select * from {{ ref('int_actions__due') }}),

actions as (
    select
        cast(child_key as string) as child_key,
        as_of_date,
        action_position,
        rule,
        record_text,
        action_text,
        who_acts,
        is_tutor_safe
    from due
)

select * from actions
