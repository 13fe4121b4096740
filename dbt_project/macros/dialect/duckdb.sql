{#- The only place for what DuckDB and Spark say differently. -#}

{% macro load_crypto() -%}
  {%- set file = env_var('QHAWAQ_CRYPTO', '') -%}
  {%- if file -%} load '{{ file }}' {%- else -%} select 1 {%- endif -%}
{%- endmacro %}

{#- A killed build leaves the half-built tables that dbt would have renamed or dropped: nothing else
    runs now, so they go. So do intermediate tables of models that were renamed or removed: nothing
    would ever bring them up to date, and a mart that was refused would be refused for ever. -#}
{% macro drop_leftovers() -%}
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

{% macro date_of(year, month_day) -%}
  cast(concat(cast({{ year }} as varchar), '-{{ month_day }}') as date)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
  date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{#- 1 Monday to 7 Sunday. -#}
{% macro day_of_week(day) -%} cast(isodow({{ day }}) as integer) {%- endmacro %}

{% macro days_after(day, n) -%} cast({{ day }} + cast({{ n }} as integer) as date) {%- endmacro %}

{% macro without_accents(text) -%} translate({{ text }}, 'ÁÉÍÓÚÜ', 'AEIOUU') {%- endmacro %}

{% macro utc_now() -%} cast(now() at time zone 'UTC' as timestamp) {%- endmacro %}

{#- The day in Lima of a moment in UTC, as warehouse/clock.py has it: Peru has no summer time. -#}
{% macro lima_day(moment) -%} cast({{ moment }} - interval '5' hour as date) {%- endmacro %}
