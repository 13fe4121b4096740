{#- The as-of date that is being built; 1900-01-01 stands in compiled SQL for «not chosen yet». -#}
{% macro as_of() -%}
  {%- do ref('int_calendar__as_of_dates') -%} {%- do check_has_dates() -%} cast('{{ var("as_of", "1900-01-01") }}' as date)
{%- endmacro %}

{#- A relation that has a row for each as-of date, on the one that is being built. -#}
{% macro of_date(relation) -%}
  (select * from {{ relation }} where as_of_date = {{ as_of() }})
{%- endmacro %}

{#- The dates that a model which only joins builds in one statement: `config(joins_dates=true)`. -#}
{% macro in_built_dates() -%} as_of_date in ({{ as_of() }}) {%- endmacro %}

{#- The rows of deliveries while they stand, as landing decided (warehouse/landing/standing.py): a row
    has `stood_at`, the first day on which it counts, for `known_at`. It has several spans where a
    withdrawn file replaced it for some time. By region where a file replaces region by region. -#}
{% macro standing(relation, by_region=false) -%}
  (
    select
        f.*,
        greatest(f.known_at, coalesce(s.standing_from, f.known_at)) as stood_at,
        coalesce(s.standing_until, {{ far_future() }}) as standing_until,
        s.cut_on,
        coalesce(s.landed_no, 0) as landed_no
    from {{ relation }} as f
    left join {{ source('landing', 'standing') }} as s
        on f._file = s.file {%- if by_region %} and f._region = s.region {%- endif %}
    where coalesce(s.standing_until > s.standing_from, true)
  )
{%- endmacro %}

{#- The date from which something else is known instead: what was delivered later counts, also
    where it arrived first, so a row ends with the first of the later deliveries that is known, or
    with the span in which it stands. Of two deliveries of one day the later arrival counts. Rows
    that were never the newest have known_until <= known_at: the model leaves them out. -#}
{% macro known_until(partition_by, then_by=[]) -%}
  {%- set columns = ['_delivered_at', 'landed_no', 'stood_at'] + then_by + ['_file', '_line'] -%}
  least(standing_until, coalesce(
    min(stood_at) over (
      partition by {{ partition_by | join(', ') }}, cut_on
      order by {{ columns | join(' desc, ') }} desc
      rows between unbounded preceding and 1 preceding
    ),
    {{ far_future() }}
  ))
{%- endmacro %}

{#- The order of rows that tell of one thing, the last told first: by delivery, then by line. -#}
{% macro told_last() -%}
  _delivered_at desc, landed_no desc, _file desc, _line desc
{%- endmacro %}

{#- The day for which the warehouse is built: for rules that run at every delivery. -#}
{% macro today() -%} (select today from {{ source('landing', 'calendar') }}) {%- endmacro %}

{#- What the home states of a kind (qhawaq parameters) and is known today, of each thing as stated last;
    with `by_now` of the last day until today. -#}
{% macro stated_today(kind, of_each, by_now=false) -%}
  (
    select p.*
    from {{ ref('stg_home__parameters') }} as p
    where p.kind = '{{ kind }}' and {{ was_known('p', today()) }}
    {%- if by_now %} and p.valid_from <= {{ today() }} {%- endif %}
    qualify row_number() over (
      partition by {{ of_each | join(', ') }} order by p.valid_from desc, p.parameter_number desc
    ) = 1
  )
{%- endmacro %}

{#- What counts of a bitemporal relation today: nothing else is known instead. -#}
{% macro newest(relation) -%}
  (select * from {{ relation }} where known_until = {{ far_future() }})
{%- endmacro %}

{#- Whether a row of a bitemporal relation was known on a day. -#}
{% macro was_known(row, day) -%}
  {{ day }} >= {{ row }}.known_at and {{ day }} < {{ row }}.known_until
{%- endmacro %}

{#- What was known of a bitemporal relation on the as-of date. -#}
{% macro known(relation) -%}
  (select * from {{ relation }} where known_at <= {{ as_of() }} and known_until > {{ as_of() }})
{%- endmacro %}

{#- The same for facts of children, with `person_key`: two keys that turned out to be one child are
    one from then on. -#}
{% macro known_by_child(relation, on=none) -%}
  {%- set on = on or as_of() -%}
  (
    select coalesce(m.merged_into, f.child_key) as person_key, f.*
    from {{ relation }} as f
    left join {{ ref('int_children__merges') }} as m
      on f.child_key = m.child_key and m.known_at <= {{ on }} and m.known_until > {{ on }}
    where f.known_at <= {{ on }} and f.known_until > {{ on }}
  )
{%- endmacro %}

{#- Builds one as-of date at a time and never touches a closed one that the table holds: memory
    depends on a date, not on history. All dates of a model are one transaction: after a crash the
    table is as it was. Which dates those are: `held_dates.sql`. -#}
{% materialization as_of, adapter='duckdb' %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set placeholder = "cast('" ~ var("as_of", "1900-01-01") ~ "' as date)" -%}
  {%- do check_dates_are_replaced(sql, placeholder) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- if config.get('contract').enforced %} {{ get_assert_columns_equivalent(sql) }} {% endif -%}
  {%- set is_held = existing is not none and existing.is_table -%}
  {%- set everything = not is_held or builds_everything() -%}
  {%- if not everything -%} {%- do check_same_columns(target_relation, sql) -%} {%- endif -%}
  {%- set dates = dates_to_build(target_relation, is_held, everything) -%}
  {%- set carried = dates_to_carry(target_relation) if is_held and everything else [] -%}

  {%- if carried -%}
    {% call statement('carry', auto_begin=True) -%}
      create temp table {{ this.identifier }}__carried as
      select * from {{ existing }} where as_of_date in ({{ listed_dates(carried) }})
    {%- endcall %}
  {%- endif -%}
  {%- if everything -%}
    {% call statement('main', auto_begin=True) -%}
      {% if existing is not none %} drop {{ existing.type }} {{ existing }}; {% endif %}
      create table {{ target_relation }} as select * from ({{ sql }}) where false
    {%- endcall %}
  {%- else -%}
    {% call statement('main', auto_begin=True) -%}
      delete from {{ target_relation }} where as_of_date in ({{ listed_dates(dates) }})
    {%- endcall %}
  {%- endif -%}
  {%- if carried -%}
    {%- set is_partial = carry_over(target_relation, sql) -%}
  {%- endif -%}
  {%- for chunk in dates | batch(dates_at_once() if config.get('joins_dates') else 1) %}
    {% call statement('main') -%}
      insert into {{ target_relation }} by name
      {{ sql | replace(placeholder, listed_dates(chunk)) }}
    {%- endcall %}
  {%- endfor %}
  {%- do note_held_dates(target_relation, dates, carried if is_partial else []) -%}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- How many dates are joined in one statement: as many as memory surely holds. -#}
{% macro dates_at_once() -%}
  {%- set found = run_query(
        "select max(n) from (select count(*) as n from " ~ ref('int_pupils__as_of')
        ~ " group by as_of_date)") -%}
  {%- set pupils = found.columns[0].values()[0] -%}
  {{ return([var('rows_joined_at_once') // (pupils or 1), 1] | max) }}
{%- endmacro %}

{#- Dates as SQL; none is a date of nobody. -#}
{% macro listed_dates(dates) -%}
  cast('{{ dates | join("' as date), cast('") or '1900-01-01' }}' as date)
{%- endmacro %}

{% macro check_same_columns(relation, sql) %}
  {%- set wanted = get_column_schema_from_query(sql) | map(attribute='name') -%}
  {%- set held = adapter.get_columns_in_relation(relation) | map(attribute='name') -%}
  {%- if wanted | map('lower') | sort | list != held | map('lower') | sort | list -%}
    {{ exceptions.raise_compiler_error(
        "columns of " ~ relation ~ " changed: closed dates would not have them. "
        ~ "Call 'qhawaq build --full-refresh' to build every as-of date again.") }}
  {%- endif -%}
{% endmacro %}
