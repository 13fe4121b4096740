{#- A model's `not_null` constraints, which DuckDB enforces from then on whenever the table is written.
    A post-hook of every model: the statements run in the transaction that wrote the table. -#}
{% macro enforce_not_null() -%}
  {%- if execute and target.type == 'duckdb' -%}
    {%- for column in not_null_columns(model) %}
      alter table {{ this }} alter column {{ column }} set not null;
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{% macro not_null_columns(node) -%}
  {%- set columns = [] -%}
  {%- for constraint in node.constraints if constraint.type == 'not_null' -%}
    {%- do columns.extend(constraint.columns) -%}
  {%- endfor -%}
  {{ return(columns) }}
{%- endmacro %}
