{#- The delivered sources and how often each is expected, by their contracts, as rows of values. -#}
{% macro delivered_sources() -%}
  {%- set rows = [] -%}
  {%- if execute -%}
    {%- for node in graph.sources.values() if node.config.meta.get('file_pattern') -%}
      {%- set domain = node.source_meta.get('domain', node.config.meta.get('domain', '')) -%}
      {%- do rows.append(
            "('" ~ node.source_name ~ "." ~ node.name ~ "', '" ~ domain ~ "', "
            ~ node.freshness.warn_after.count ~ ")") -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return((rows | sort | join(', ')) or "('', '', 0)") }}
{%- endmacro %}
