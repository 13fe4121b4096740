with
reasons as (select * from {{ ref('int_lists__reasons') }}),

-- what a tutor may read: not poverty, pregnancy, nationality, nor anything about a sibling
safe as (
    select
        child_key,
        as_of_date,
        model_version,
        position,
        reason_text,
        action_text
    from reasons
    where is_tutor_safe
),

joined as (
    select
        child_key,
        as_of_date,
        model_version,
        {{ joined_text('reason_text', '; ', 'position') }} as reason_text,
        min_by(action_text, position) as action_text
    from safe
    group by child_key, as_of_date, model_version
)

select * from joined
