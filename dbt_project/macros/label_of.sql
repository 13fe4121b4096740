{#- A label is false only when it could be known to be false: null before maturity, null and
    censored for whom the outcome cannot be said. -#}
{% macro label_of(known_at, censored, label) -%}
case
            when {{ known_at }} is null or coalesce({{ censored }}, false) then null
            else {{ label }}
        end as label,
        case
            when {{ known_at }} is null then 'provisional'
            when coalesce({{ censored }}, false) then 'censored'
            else 'final'
        end as label_status,
        {{ known_at }} as label_known_at
{%- endmacro %}

{#- Whether a child counts in the rates of interruption and of exit from regular education, which share
    one population so that they can be compared: pupils who did not die and did not finish secondary. -#}
{% macro is_in_exit_rate() -%}
  (interruption_known_at is not null and is_enrolled_after is not null
    and not (coalesce(is_graduate, false) or (coalesce(is_deceased, false)
      and not (is_enrolled_after or is_in_alternative_after))))
{%- endmacro %}

{#- The share of a region's schools that makes enrollments complete, as the contract says; dbt's unit
    tests know no sources, and take the same. -#}
{% macro complete_share() -%}
  {%- set sources = graph.sources if execute and graph.sources else {} -%}
  {%- set contract = sources.get('source.qhawaq.siagie.siagie_enrollments') -%}
  {{ contract.config.meta.scope.complete_share if contract else 0.8 }}
{%- endmacro %}
