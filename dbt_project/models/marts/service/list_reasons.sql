with
listed as (select * from {{ ref('int_lists__current') }}),
reasons as (select * from {{ ref('int_lists__reasons') }}),

list_reasons as (
    select
        cast(listed.child_key as string) as child_key,
        listed.as_of_date,
        reasons.position,
        reasons.reason_text,
        case
            when reasons.contribution >= {{ var('heavy_reason') }} then 'mucho'
            when reasons.contribution >= {{ var('some_reason') }} then 'bastante'
            else 'algo'
        end as weight_text,
        reasons.is_tutor_safe
    from listed
    inner join reasons
        on
            listed.child_key = reasons.child_key
            and listed.as_of_date = reasons.as_of_date
            and listed.outcome = reasons.outcome
            and listed.model_version = reasons.model_version
)

select * from list_reasons
