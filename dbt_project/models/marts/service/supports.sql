with
aliases as (select * from {{ ref('int_cases__children') }}),
received as {{ newest(ref('int_supports__received')) }},
services as (select * from {{ ref('services') }} where domain <> 'protection'),

supports as (
    select distinct -- told under two keys of a child, or by its register and by who gave it
        cast(aliases.child_key as string) as child_key,
        received.support_date,
        received.support_code,
        services.service_name,
        services.is_tutor_safe
    from received
    inner join aliases on received.child_key = aliases.alias_key
    inner join services
        on
            received.support_code = services.support_code
            and received.support_date >= services.valid_from
            and received.support_date < services.valid_until
)

select * from supports
