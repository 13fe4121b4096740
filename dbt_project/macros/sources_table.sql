{#- The delivered sources with how often each is expected, from the contracts: one row of values each. -#}
{% macro delivered_sources() -%}
  {%- set rows = [] -%}
  {%- if execute -%}
    {%- for node in graph.sources.values() if node.config.meta.get('file_pattern') -%}
      {%- do rows.append(
            "('" ~ node.source_name ~ "." ~ node.name ~ "', '" ~ node.source_meta.get('domain', node.config.meta.get('domain', ''))
            ~ "', " ~ node.freshness.warn_after.count ~ ")") -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return((rows | sort | join(', ')) or "('', '', 0)") }}
{%- endmacro %}
