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

{#- The share of a region's schools that makes enrollments complete, as the contract says; dbt's unit
    tests know no sources, and take the same. -#}
{% macro complete_share() -%}
  {%- set sources = graph.sources if execute and graph.sources else {} -%}
  {%- set contract = sources.get('source.qhawaq.siagie.siagie_enrollments') -%}
  {{ contract.config.meta.scope.complete_share if contract else 0.8 }}
{%- endmacro %}
