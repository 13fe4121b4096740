{#- What a green build has tested is not tested again: of views on raw tables the files it saw, of dates those it built, of
    years those nothing was delivered for since. Changed code, data that it has not seen and --full-refresh are tested
    whole (warehouse/built.py keeps the record). -#}
{% macro get_where_subquery(relation) -%}
  {%- set asked = config.get('where', '') -%}
  {%- set new = untested(relation) -%}
  {%- if asked or new -%}
    (select * from {{ relation }} where {{ [asked, new] | select | join(' and ') }}) as dbt_subquery
  {%- else -%}
    {{ relation }}
  {%- endif -%}
{%- endmacro %}

{#- Named one by one, so that the database need not read what lies elsewhere; nothing where all are new. -#}
{% macro in_new_files() -%}
  {%- set files = run_query(
        "select file, file not in (select file from raw.built_files) as is_new from raw.deliveries "
        ~ "where status in ('landed', 'superseded')") -%}
  {%- set new = [] -%}
  {%- for row in files if row[1] -%} {%- do new.append(row[0]) -%} {%- endfor -%}
  {{ return('' if new | length == files | length else "_file in ('" ~ new | join("', '") ~ "')") }}
{%- endmacro %}

{#- The school years that files are about that no green build has tested; none is a year without children. -#}
{% macro in_new_years() -%}
  {%- set years = run_query(
        "select distinct cast(left(period, 4) as integer) from raw.deliveries where period is not null "
        ~ "and file not in (select file from raw.built_files) order by 1").columns[0].values() -%}
  {{ return('school_year in (' ~ (years | join(', ') or '0') ~ ')') }}
{%- endmacro %}

{% macro untested(relation) -%}
  {%- set found = [] -%}
  {%- if execute and not flags.FULL_REFRESH -%}
    {%- for node in graph.nodes.values()
          if node.resource_type == 'model' and node.name == relation.identifier and node.schema == relation.schema -%}
      {%- if node.config.materialized == 'as_of' -%}
        {%- do found.append('as_of_date not in (select as_of_date from raw.built_dates)') -%}
      {%- elif node.config.materialized == 'by_year' -%}
        {%- do found.append(in_new_years()) -%}
      {%- elif node.config.materialized == 'view' and '_file' in node.columns -%}
        {%- do found.append(in_new_files()) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(found | first if found else '') }}
{%- endmacro %}
