with
shipped as (select * from {{ ref('service_costs') }}),
stated as {{ stated_today('cost', ['support_code'], by_now=true) }},

costs as (
    select
        shipped.support_code,
        coalesce(stated.unit_cost_soles, shipped.unit_cost_soles) as unit_cost_soles
    from shipped
    left join stated on shipped.support_code = stated.support_code
)

select * from costs
