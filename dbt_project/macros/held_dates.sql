{#- Which closed as-of dates a table holds, and which of them can be built again. Judged by the rows
    that lie in the table: `raw.closed_dates` says of no table that it holds a date. Beside it stand
    dates of which a table has no row by right, in `raw.held_dates` (warehouse/build/closing.py). -#}

{#- Whether closed dates are built again: asked for, or asked for by a build that did not end. -#}
{% macro builds_everything() -%}
  {%- set found = run_query("select count(*) > 0 from raw.refreshing") -%}
  {{ return(should_full_refresh() or found.columns[0].values()[0]) }}
{%- endmacro %}

{#- Open dates, and closed ones that the table lacks; all dates where everything is built. Never a
    date whose deliveries are deleted since: of what is left, other rows would come. -#}
{% macro dates_to_build(table, is_held, everything) -%}
  {%- set held = 'select distinct as_of_date from ' ~ table if is_held
        else 'select cast(null as date) as as_of_date where false' -%}
  {%- set found = run_query(
        "with held as (" ~ held ~ "), "
        ~ "noted as (select * from raw.held_dates where table_name = '" ~ table.identifier ~ "') "
        ~ "select cast(due.as_of_date as string), closed.as_of_date is null as is_open, "
        ~ "held.as_of_date is not null as is_held, noted.has_rows, "
        ~ is_beyond("due.as_of_date") ~ " as is_beyond "
        ~ "from intermediate.int_calendar__as_of_dates as due "
        ~ "left join raw.closed_dates as closed using (as_of_date) "
        ~ "left join held using (as_of_date) left join noted using (as_of_date) order by 1") -%}
  {%- set chosen = [] -%}
  {%- set lost = [] -%}
  {%- for day, is_open, has, noted, beyond in found.rows -%}
    {%- set lacks = not has and noted is not false -%}
    {%- if is_open -%} {%- do chosen.append(day) -%}
    {%- elif beyond -%} {%- do lost.append(day) if lacks and noted -%}
    {%- elif everything or lacks -%} {%- do chosen.append(day) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if lost -%}
    {{ exceptions.raise_compiler_error(
        table ~ " lacks the closed dates " ~ lost | join(", ") ~ ", and deliveries that made them are "
        ~ "deleted since: they cannot be built again. Restore the home from a backup that has them "
        ~ "('qhawaq restore').") }}
  {%- endif -%}
  {{ return(chosen) }}
{%- endmacro %}

{#- SQL: whether a closed date is beyond building again, since a delivery that was known on it is
    deleted (retention). Conservative: any delivery of a source that the model is made of. -#}
{% macro is_beyond(day) -%}
  (
    {{ day }} in (select as_of_date from raw.closed_dates)
    and exists (
      select 1 from raw.deliveries as gone
      where gone.deleted_on > {{ day }} and gone.effective_at <= {{ day }}
        and gone.{{ has_landed() }} and gone.source in ('{{ sources_of(model) | join("', '") }}')
    )
  )
{%- endmacro %}

{#- The delivered sources that a node is made of, as the ledger names them. -#}
{% macro sources_of(node) -%}
  {%- set seen = [] -%}
  {%- set todo = node.depends_on.nodes | list -%}
  {%- set found = [] -%}
  {%- for _ in range(graph.nodes | length + graph.sources | length) if todo -%}
    {%- set name = todo.pop() -%}
    {%- if name in graph.sources -%}
      {%- do found.append(graph.sources[name].source_name ~ '.' ~ graph.sources[name].name) -%}
    {%- elif name in graph.nodes -%}
      {%- for parent in graph.nodes[name].depends_on.nodes if parent not in seen -%}
        {%- do seen.append(parent) -%} {%- do todo.append(parent) -%}
      {%- endfor -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(found | unique | list) }}
{%- endmacro %}

{#- The closed dates that a build of everything takes over as they are. -#}
{% macro dates_to_carry(table) -%}
  {%- set found = run_query(
        "select cast(as_of_date as string) from (select distinct as_of_date from " ~ table
        ~ ") as held where " ~ is_beyond("held.as_of_date") ~ " order by 1") -%}
  {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{#- Put carried rows into the new table; return whether it has columns that they lack: there null. -#}
{% macro carry_over(table, sql) -%}
  {%- set wanted = get_column_schema_from_query(sql) | map(attribute='name') | list -%}
  {%- set held = run_query('select * from ' ~ table.identifier ~ '__carried limit 0').column_names -%}
  {%- set both = wanted | select('in', held) | list -%}
  {% call statement('carried') -%}
    insert into {{ table }} by name
    select "{{ both | join('", "') }}" from {{ table.identifier }}__carried;
    drop table {{ table.identifier }}__carried
  {%- endcall %}
  {{ return(both | length < wanted | length) }}
{%- endmacro %}

{#- Note which of the dates have rows; it lies in the same transaction as the rows. Rows that lack
    columns are noted too: what those columns must be, tests do not ask of them. -#}
{% macro note_held_dates(table, built, partial) -%}
  {% call statement('note') -%}
    create temp table {{ table.identifier }}__noted as
    select
      '{{ table.identifier }}' as table_name,
      due.as_of_date,
      held.as_of_date is not null as has_rows,
      due.as_of_date in ({{ listed_dates(partial) }})
      or (
        coalesce(noted.is_partial, false)
        and due.as_of_date not in ({{ listed_dates(built) }})
      ) as is_partial,
      case
        when due.as_of_date in ({{ listed_dates(built) }})
          then cast({{ dbt.current_timestamp() }} as timestamp)
        else noted.built_at
      end as built_at
    from intermediate.int_calendar__as_of_dates as due
    left join (select distinct as_of_date from {{ table }}) as held
      on due.as_of_date = held.as_of_date
    left join raw.held_dates as noted
      on due.as_of_date = noted.as_of_date and noted.table_name = '{{ table.identifier }}';
    delete from raw.held_dates where table_name = '{{ table.identifier }}';
    insert into raw.held_dates by name select * from {{ table.identifier }}__noted;
    drop table {{ table.identifier }}__noted
  {%- endcall %}
{%- endmacro %}

{#- The dates of a table that were carried over without columns that came later. -#}
{% macro partial_dates(relation) -%}
  {%- set found = run_query(
        "select cast(as_of_date as string) from raw.held_dates where is_partial and table_name = '"
        ~ relation.identifier ~ "' order by 1") -%}
  {{ return(found.columns[0].values() | list) }}
{%- endmacro %}
