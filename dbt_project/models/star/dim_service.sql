with
services as (select * from {{ ref('services') }} where domain <> 'protection'),
costs as (select * from {{ ref('int_parameters__costs') }}),

described as (
    select
        services.support_code,
        services.service_name,
        services.domain,
        services.who_acts,
        costs.unit_cost_soles,
        services.valid_from,
        services.valid_until
    from services
    left join costs on services.support_code = costs.support_code
)

select * from described
