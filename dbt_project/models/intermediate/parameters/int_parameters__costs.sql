with
calendar as (select * from {{ source('landing', 'calendar') }}),
shipped as (select * from {{ ref('service_costs') }}),
parameters as (select * from {{ ref('stg_home__parameters') }}),

-- what the home says of a service and is known today: from the last day until today, as stated last
stated as (
    select
        parameters.support_code,
        parameters.unit_cost_soles
    from parameters
    inner join calendar
        on
            parameters.valid_from <= calendar.today
            and {{ was_known('parameters', 'calendar.today') }}
    where parameters.kind = 'cost'
    qualify row_number() over (
        partition by parameters.support_code
        order by parameters.valid_from desc, parameters.parameter_number desc
    ) = 1
),

costs as (
    select
        shipped.support_code,
        coalesce(stated.unit_cost_soles, shipped.unit_cost_soles) as unit_cost_soles
    from shipped
    left join stated on shipped.support_code = stated.support_code
)

select * from costs
