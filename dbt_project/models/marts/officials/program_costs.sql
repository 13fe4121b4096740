with
effects as (select * from {{ ref('program_effects') }} where outcome = 'interruption'),
costs as (select * from {{ ref('int_parameters__costs') }}),

-- what one interruption less costs: the cost of a child served over the share that it saves
program_costs as (
    select
        effects.support_code,
        effects.service_name,
        costs.unit_cost_soles,
        case
            when effects.effect < 0 then round(costs.unit_cost_soles / -effects.effect)
        end as cost_per_avoided,
        case
            when effects.effect < 0 then round(costs.unit_cost_soles / -effects.effect_low)
        end as cost_low,
        case
            when effects.effect_high < 0 then round(costs.unit_cost_soles / -effects.effect_high)
        end as cost_high,
        case
            when not effects.is_shown then 'No se puede decir qué cambió con este servicio.'
            when effects.effect >= 0 then 'No consta que haya evitado interrupciones.'
            when costs.unit_cost_soles is null then 'Falta indicar cuánto cuesta por estudiante.'
            when effects.effect_high >= 0
                then 'Puede no haber evitado ninguna: no hay límite superior.'
            else 'Costo por cada interrupción evitada, con su intervalo.'
        end as cost_text
    from effects
    left join costs on effects.support_code = costs.support_code
)

select * from program_costs
