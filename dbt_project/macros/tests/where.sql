{#- What a green build has tested is not tested again: of views on raw tables the files it saw, of
    dates those it built (and of what says `meta: {of_dates: true}`), of years those nothing was
    delivered for since. Changed code, data that it has not seen and --full-refresh are tested whole
    (warehouse/build/built.py keeps the record). -#}
{% macro get_where_subquery(relation) -%}
  {%- set asked = config.get('where', '') -%}
  {%- set new = untested() -%}
  {%- set whole = in_whole_dates(relation) -%}
  {%- if asked or new or whole -%}
    (
      select * from {{ relation }} where {{ [asked, new, whole] | select | join(' and ') }}
    ) as dbt_subquery
  {%- else -%}
    {{ relation }}
  {%- endif -%}
{%- endmacro %}

{#- Named one by one, so that nothing is read that lies elsewhere; nothing where all are new. -#}
{% macro in_new_files() -%}
  {%- set files = run_query(
        "select file, file not in (select file from raw.built_files) as is_new "
        ~ "from raw.deliveries where " ~ has_landed()) -%}
  {%- set new = [] -%}
  {%- for row in files if row[1] -%} {%- do new.append(row[0]) -%} {%- endfor -%}
  {%- set are_all_new = new | length == files | length -%}
  {{ return('' if are_all_new else "_file in ('" ~ new | join("', '") ~ "')") }}
{%- endmacro %}

{#- The school years of files that no green build has tested; none is a year without children. -#}
{% macro in_new_years() -%}
  {%- set found = run_query(
        "select distinct cast(left(period, 4) as integer) from raw.deliveries "
        ~ "where period is not null and file not in (select file from raw.built_files) "
        ~ "order by 1") -%}
  {%- set years = found.columns[0].values() -%}
  {{ return('school_year in (' ~ (years | join(', ') or '0') ~ ')') }}
{%- endmacro %}

{#- The few new dates, not all but the many old ones: the database reads only where they lie. -#}
{% macro new_dates() -%}
  select as_of_date from intermediate.int_calendar__as_of_dates
  where as_of_date not in (select as_of_date from raw.built_dates)
{%- endmacro %}

{#- Named one by one, for a view: what it is made of is then read of these dates only. None is a
    date of nobody. -#}
{% macro in_new_dates() -%}
  {%- set dates = run_query(new_dates() ~ ' order by 1').columns[0].values() -%}
  {{ return("as_of_date in (" ~ listed_dates(dates) ~ ")") }}
{%- endmacro %}

{#- Not the dates that were carried over without columns that came later: nothing where there are
    none. -#}
{% macro in_whole_dates(relation) -%}
  {%- set partial = partial_dates(relation) if execute else [] -%}
  {{ return('as_of_date not in (' ~ listed_dates(partial) ~ ')' if partial else '') }}
{%- endmacro %}

{#- Compiled for `qhawaq check-history`: what stands here for dates and years is replaced by a part of
    them at a time; nothing that a green build has tested is left out. -#}
{% macro in_a_part_of_history(node) -%}
  {%- if config.get('meta', {}).get('of_dates') or node.config.materialized == 'as_of' -%}
    {{ return('as_of_date in (' ~ listed_dates([]) ~ ')') }}
  {%- endif -%}
  {{ return(in_built_years() | trim if node.config.materialized == 'by_year' else '') }}
{%- endmacro %}

{% macro untested() -%}
  {%- set node = graph.nodes.get(model.attached_node) if execute else none -%}
  {%- set where = '' -%}
  {%- if node and var('history', false) -%}
    {%- set where = in_a_part_of_history(node) -%}
  {%- elif node and not flags.FULL_REFRESH -%}
    {%- if config.get('meta', {}).get('of_dates') -%}
      {%- set where = in_new_dates() -%}
    {%- elif node.config.materialized == 'as_of' -%}
      {%- set where = 'as_of_date in (' ~ new_dates() ~ ')' -%}
    {%- elif node.config.materialized == 'by_year' -%}
      {%- set where = in_new_years() -%}
    {%- elif node.config.materialized == 'view' and '_file' in node.columns -%}
      {%- set where = in_new_files() -%}
    {%- endif -%}
  {%- endif -%}
  {{ return(where) }}
{%- endmacro %}
