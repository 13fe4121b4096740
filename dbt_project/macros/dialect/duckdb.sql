{#- What DuckDB says. -#}

{% macro duckdb__load_crypto() -%}
  {%- set file = env_var('QHAWAQ_CRYPTO', '') -%}
  {%- if file -%} load '{{ file }}' {%- else -%} select 1 {%- endif -%}
{%- endmacro %}

{#- A killed build leaves the half-built tables that dbt would have renamed or dropped: nothing else
    runs now, so they go. So do intermediate tables of models that were renamed or removed: nothing
    would ever bring them up to date, and a mart that was refused would be refused for ever. -#}
{% macro duckdb__drop_leftovers() -%}
  {%- if execute -%}
    {%- set schemas = ['intermediate', 'education', 'officials', 'operations', 'protection', 'service', 'star'] -%}
    {%- set kept = [] -%}
    {%- for node in graph.nodes.values() if node.schema in schemas -%}
      {%- do kept.append(node.schema ~ '.' ~ node.alias) -%}
    {%- endfor -%}
    {%- set found = run_query(
          "select concat('drop ', case table_type when 'VIEW' then 'view' else 'table' end, "
          ~ "' if exists \"', "
          ~ "table_schema, '\".\"', table_name, '\"') from information_schema.tables "
          ~ "where table_catalog = current_catalog() "
          ~ "and (contains(table_name, '__dbt_tmp') or contains(table_name, '__dbt_backup') "
          ~ "or table_schema in ('" ~ schemas | join("', '") ~ "') "
          ~ "and concat(table_schema, '.', table_name) not in ('" ~ kept | join("', '") ~ "'))") -%}
    {%- for drop in found.columns[0].values() %} {{ drop }}; {% endfor -%}
  {%- endif -%}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
  date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro duckdb__utc_now() -%} cast(now() at time zone 'UTC' as timestamp) {%- endmacro %}

{% macro duckdb__day_of_week(day) -%} cast(isodow({{ day }}) as integer) {%- endmacro %}

{% macro duckdb__each_number(first, last) -%}
  cast(unnest(generate_series({{ first }}, {{ last }})) as integer)
{%- endmacro %}

{% macro duckdb__without(columns) -%} * exclude ({{ columns | join(', ') }}) {%- endmacro %}

{% macro duckdb__with_replaced(expressions) -%}
  * replace (
    {%- for column, expression in expressions.items() -%}
      {{ expression }} as {{ column }} {%- if not loop.last %}, {% endif -%}
    {%- endfor -%}
  )
{%- endmacro %}

{% macro duckdb__joined_text(text, separator, order_by) -%}
  string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro duckdb__rounded(value, digits) -%} round({{ value }}, {{ digits }}) {%- endmacro %}

{% macro duckdb__replaced_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro duckdb__is_match(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}
