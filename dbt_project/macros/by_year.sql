{#- Facts by school year: a year is built again only if a delivery brought something for it, or took
    something away. Equal to a build of everything, because whatever says which rows of a year are
    known lies within that year. Changed SQL, of the model or of a view that it reads, builds
    everything again: the table's comment holds a hash of both. -#}

{#- Stands for «every year» in compiled SQL; a build of some years puts those in its place. -#}
{% macro in_built_years() -%} school_year between 0 and 9999 {%- endmacro %}

{% materialization by_year, adapter='duckdb' %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- do check_years_are_replaced(sql) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- set mark = hash_of_sql(sql) -%}
  {%- set seen = last_change() -%}
  {%- set is_kept = existing is not none and existing.is_table and not should_full_refresh() -%}
  {%- if not is_kept or comment_of(target_relation).split(' ')[0] != mark %}
    {%- if existing is not none %} {% do adapter.drop_relation(existing) %} {% endif %}
    {% call statement('main', auto_begin=True) -%}
      create table {{ target_relation }} as {{ sql }}
    {%- endcall %}
  {%- else -%}
    {%- set changed = changed_years(target_relation, ref(config.require('facts'))) -%}
    {%- set years = changed | join(', ') or 'null' -%}
    {% call statement('delete', auto_begin=True) -%}
      delete from {{ target_relation }} where school_year in ({{ years }})
    {%- endcall %}
    {% call statement('main') -%}
      insert into {{ target_relation }} by name
      {{ sql | replace(in_built_years(), 'school_year in (' ~ years ~ ')') }}
    {%- endcall %}
  {%- endif %}
  {% call statement('mark') -%}
    comment on table {{ target_relation }} is '{{ mark }} {{ seen }}'
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- The number of the last landing or withdrawal. -#}
{% macro last_change() -%}
  {%- set found = run_query("select coalesce(max(changed_no), 0) from raw.deliveries") -%}
  {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}

{#- The years of files that the table has not seen, of rows whose file is deleted since, and of files
    whose rows stand otherwise since. -#}
{% macro changed_years(table, facts) -%}
  {%- set seen = (comment_of(table) ~ ' 0').split(' ')[1] -%}
  {%- set changed = "(select file from raw.deliveries where changed_no > " ~ seen ~ ")" -%}
  {%- set found = run_query(
        "select distinct school_year from " ~ facts
        ~ " where _file in " ~ changed
        ~ " or _file not in (select distinct _file from " ~ table ~ ") and _file not in "
        ~ "(select file from raw.standing where standing_until <= standing_from) "
        ~ "union select distinct school_year from " ~ table
        ~ " where _file in " ~ changed ~ " or _file not in (select file from raw.deliveries "
        ~ "where status in ('landed', 'superseded', 'withdrawn') and deleted_on is null)") -%}
  {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{% macro comment_of(relation) -%}
  {%- set found = run_query(
        "select coalesce(max(comment), '') from duckdb_tables() "
        ~ "where schema_name = '" ~ relation.schema
        ~ "' and table_name = '" ~ relation.identifier ~ "'") -%}
  {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}

{#- Of the compiled SQL and of the views that it reads, as the database holds them, without quotes: DuckDB
    writes a type as "DOUBLE" until the file is opened again, and as DOUBLE from then on. -#}
{% macro hash_of_sql(sql) -%}
  {%- set found = run_query(
        "select coalesce(string_agg(replace(sql, chr(34), ''), '' order by schema_name, view_name), '') "
        ~ "from duckdb_views() "
        ~ "where contains($$" ~ sql ~ "$$, "
        ~ "concat('\"', schema_name, '\".\"', view_name, '\"'))") -%}
  {{ return(local_md5(sql ~ found.columns[0].values()[0])) }}
{%- endmacro %}
