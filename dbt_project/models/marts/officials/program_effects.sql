with
effects as (select * from {{ source('ml', 'effects') }}),
verdicts as (select * from {{ ref('effect_verdicts') }}),

services as (
    select
        support_code,
        max_by(service_name, valid_from) as service_name
    from {{ ref('services') }}
    where domain <> 'protection' and valid_from <= {{ today() }} -- as it is called today
    group by support_code
),

-- a service that nobody is known to have got on a date is said to be unknown, not left out
named as (
    select
        coalesce(services.support_code, effects.support_code) as support_code,
        coalesce(services.service_name, 'Cualquier servicio, al final de la lista') as service_name,
        coalesce(effects.outcome, 'interruption') as outcome,
        effects.judged_on,
        coalesce(effects.verdict, 'undated') as judged,
        effects.n_served,
        effects.mean_served,
        round(effects.mean_served * effects.n_served) as n_with,
        effects.effect,
        effects.effect_low,
        effects.effect_high,
        effects.visible as smallest_visible_effect,
        effects.e_value,
        effects.e_value_of_limit
    from services
    full outer join effects on services.support_code = effects.support_code
),

decided as (
    select
        *,
        case
            when judged = 'shown' and least(n_with, n_served - n_with) < {{ var('smallest_shown') }}
                then 'small'
            else judged
        end as verdict
    from named
),

-- rates from rounded counts, as everywhere for officials
rounded as (
    select
        *,
        verdict = 'shown' as is_shown,
        5 * round(n_with / 5) / (5 * round(n_served / 5)) as rate_served
    from decided
),

program_effects as (
    select
        rounded.support_code,
        rounded.service_name,
        rounded.outcome,
        rounded.judged_on,
        case
            when rounded.n_served >= {{ var('smallest_shown') }}
                then cast(5 * round(rounded.n_served / 5) as integer)
        end as n_served,
        case when rounded.is_shown then {{ rounded('rounded.rate_served', 3) }} end as share_served,
        case when rounded.is_shown then {{ rounded('rounded.rate_served - rounded.effect', 3) }} end
            as share_without,
        {% for column, digits in [
            ('effect', 3), ('effect_low', 3), ('effect_high', 3), ('smallest_visible_effect', 3),
            ('e_value', 1), ('e_value_of_limit', 1),
        ] %}
            case
                when rounded.is_shown then {{ rounded('rounded.' ~ column, digits) }}
            end as {{ column }},
        {% endfor %}
        rounded.is_shown,
        verdicts.verdict_text
    from rounded
    inner join verdicts on rounded.verdict = verdicts.verdict
)

select * from program_effects
