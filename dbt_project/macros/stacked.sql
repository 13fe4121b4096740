{#- Relations one below the other, by the names of columns. A relation says what it has in the place of a
    column that it lacks: `{'counts': {'ugel_code': 'null'}}`. -#}
{% macro stacked(columns, relations) -%}
  {%- for relation, instead in relations.items() %}
    select
    {%- for column in columns %}
      {{ instead[column] ~ ' as ' if column in instead }}{{ column }} {{- ',' if not loop.last }}
    {%- endfor %}
    from {{ relation }}
    {%- if not loop.last %} union all {%- endif %}
  {%- endfor %}
{%- endmacro %}
