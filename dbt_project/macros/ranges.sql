{#- A score's probability in a year whose level is higher or lower; null where it is withheld. -#}
{% macro with_level(scores, change) -%}
  case when {{ scores }}.probability is not null
    then 1 / (1 + exp(-({{ scores }}.log_odds {{ change }}))) end
{%- endmacro %}

{#- The ends of the range of a sum of probabilities that holds nine in ten years: the year's level
    (columns _low and _high) and chance stray apart, as ml/models/levels.py has it. -#}
{% macro lowest_of(p, window='') -%}
  greatest(0, sum({{ p }}) {{ window }} - sqrt(
    pow(sum({{ p }}) {{ window }} - sum({{ p }}_low) {{ window }}, 2)
    + {{ luck_of(p, window) }}))
{%- endmacro %}

{% macro highest_of(p, window='') -%}
  (sum({{ p }}) {{ window }} + sqrt(
    pow(sum({{ p }}_high) {{ window }} - sum({{ p }}) {{ window }}, 2)
    + {{ luck_of(p, window) }}))
{%- endmacro %}

{#- 1.645 standard deviations of chance, squared. -#}
{% macro luck_of(p, window='') -%}
  2.706 * sum({{ p }} * (1 - {{ p }})) {{ window }}
{%- endmacro %}
