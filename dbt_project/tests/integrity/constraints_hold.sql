{#- What it finds: nulls in columns that a model's `not_null` constraint names, on an engine that does
    not enforce them. DuckDB refuses such a row when the table is written.
    Why it matters: keys and dates without a value drop out of joins and counts.
    What to do: look at the model that is named, and at what it joins. -#}
{{ config(enabled=target.type != 'duckdb') }}
{%- set counts = [] -%}
{%- if execute -%}
  {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
    {%- for column in not_null_columns(node) -%}
      {%- do counts.append(
            "select '" ~ node.name ~ "." ~ column ~ "' as column_name, count(*) as n from "
            ~ node.relation_name ~ " where " ~ column ~ " is null") -%}
    {%- endfor -%}
  {%- endfor -%}
{%- endif %}
select column_name, n
from ({{ counts | join(' union all ') or "select '' as column_name, 0 as n" }}) as counted
where n > 0
