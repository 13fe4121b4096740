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

{#- The names of the sources of a domain, as a query. -#}
{% macro sources_in(domain) -%}
  select t.source from (values {{ delivered_sources() }}) as t (source, domain, every_days)
  where t.domain = '{{ domain }}'
{%- endmacro %}

{#- Some, and fewer than may be told. -#}
{% macro is_few(n) -%}
  coalesce({{ n }} between 1 and {{ var('smallest_shown') }} - 1, false)
{%- endmacro %}

{#- A number of rows of children as text: to the nearest five, and of few only that. -#}
{% macro told_text(n) -%}
  case when {{ is_few(n) }} then 'fewer than {{ var('smallest_shown') }}'
    else cast(cast(5 * round({{ n }} / 5.0) as bigint) as string) end
{%- endmacro %}

{#- The ledger of files with numbers of rows as all may learn them (`told_…`): of protection to the
    nearest five, and none of a file that has few of any kind. -#}
{% macro with_told_rows(ledger) -%}
  {%- set kinds = ['ledger.delivered_rows', 'ledger.accepted_rows', 'ledger.quarantined_rows'] -%}
  select
    ledger.*,
    {% for kind in kinds[1:] %}
      case
        when ledger.source not in ({{ sources_in('protection') }}) then {{ kind }}
        when not ({% for any in kinds %}{{ is_few(any) }}{{ ' or ' if not loop.last }}{% endfor %})
          then cast(5 * round({{ kind }} / 5.0) as bigint)
      end as told_{{ kind.split('.')[1] }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ledger }} as ledger
{%- endmacro %}
