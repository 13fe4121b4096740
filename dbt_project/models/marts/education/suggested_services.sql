with
needs as (select * from {{ ref('int_supports__needs') }} where not is_received),
services as (select * from {{ ref('services') }} where is_tutor_safe and domain <> 'protection'),
priority as (select * from {{ ref('priority_list') }}),

suggested as (
    select
        priority.ugel_code,
        priority.as_of_date,
        priority.child_key,
        services.support_code,
        services.tutor_text,
        services.need_text,
        services.who_acts
    from priority
    inner join needs
        on
            priority.child_key = cast(needs.child_key as string)
            and priority.as_of_date = needs.as_of_date
    inner join services
        on
            needs.support_code = services.support_code
            and priority.as_of_date >= services.valid_from
            and priority.as_of_date < services.valid_until
)

select * from suggested
