{#- A model's `not_null` constraints, which DuckDB enforces from then on whenever the table is written.
    A post-hook of every model: the statements run in the transaction that wrote the table. -#}
{% macro enforce_not_null() -%}
  {%- if execute and target.type == 'duckdb' -%}
    {%- set columns = not_null_columns(model) -%}
    {%- set lacking = columns_that_came_later(columns)
          if columns and model.config.materialized == 'as_of' else [] -%}
    {%- for column in columns | reject('in', lacking) %}
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

{#- Columns that are null on dates that were carried over without them (`held_dates.sql`). -#}
{% macro columns_that_came_later(columns) -%}
  {%- set partial = partial_dates(this) -%}
  {%- if not partial -%} {{ return([]) }} {%- endif -%}
  {%- set counts = [] -%}
  {%- for column in columns -%} {%- do counts.append('count(*) - count(' ~ column ~ ')') -%} {%- endfor -%}
  {%- set nulls = run_query(
        'select ' ~ counts | join(', ') ~ ' from ' ~ this
        ~ ' where as_of_date in (' ~ listed_dates(partial) ~ ')').rows[0].values() -%}
  {%- set lacking = [] -%}
  {%- for number in range(columns | length) if nulls[number] > 0 -%}
    {%- do lacking.append(columns[number]) -%}
  {%- endfor -%}
  {{ return(lacking) }}
{%- endmacro %}
