{#- What Spanish sentences are made of: names of months, lists, dates, placeholders. -#}

{#- The Spanish name of a month; null of none. -#}
{% macro month_name(month) -%}
  case {{ month }}
    {%- for name in ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto',
                     'setiembre', 'octubre', 'noviembre', 'diciembre'] %}
    when {{ loop.index }} then '{{ name }}'
    {%- endfor %}
  end
{%- endmacro %}

{#- A day in words, as «5 de abril de 2025». -#}
{% macro spoken_day(day) -%}
  cast(day({{ day }}) as string) || ' de ' || {{ month_name('month(' ~ day ~ ')') }}
  || ' de ' || cast(year({{ day }}) as string)
{%- endmacro %}

{#- Names of a group as one list, «arte, ciencia e inglés»; `position` counts them from 1 to `total`. -#}
{% macro spoken_list(name, position, total) -%}
  {%- set joined -%}
    case
      when {{ position }} = 1 then ''
      when {{ position }} < {{ total }} then ', '
      when {{ name }} like 'i%' then ' e '
      else ' y '
    end || {{ name }}
  {%- endset -%}
  {{ joined_text(joined, '', position) }}
{%- endmacro %}

{#- A text with each {name} replaced by the column of that name. -#}
{% macro filled(text, columns) -%}
  {%- set found = namespace(sql=text) -%}
  {%- for column in columns -%}
    {%- set found.sql = "replace(" ~ found.sql ~ ", '{" ~ column ~ "}', coalesce(cast(" ~ column ~ " as string), ''))" -%}
  {%- endfor -%}
  {{ found.sql }}
{%- endmacro %}

{#- The date of the list that stands: facts count as they were known on it. -#}
{% macro list_day() -%} (select max(as_of_date) from {{ ref('int_lists__current') }}) {%- endmacro %}

{#- The facts that a rule's texts may name. -#}
{% macro action_facts() -%}
  {{ return([
    'list_year', 'open_days', 'absence_days', 'unjustified_days', 'worst_month', 'worst_open_days',
    'worst_absence_days', 'other_absence_days', 'last_month', 'last_open_days', 'last_absence_days',
    'earlier_open_days', 'earlier_absence_days', 'n_low_months', 'low_months', 'marks_period',
    'n_areas', 'n_failed_areas', 'failed_areas', 'first_area', 'mother_tongue', 'former_school',
    'withdrawal_year', 'withdrawal_reason', 'grade_name', 'next_grade_name', 'age_years', 'over_age_years',
    'n_repetitions', 'late_days', 'n_missing_months', 'weekly_work_hours', 'secondary_km',
    'poverty_name', 'work_source', 'last_support', 'last_support_day',
  ]) }}
{%- endmacro %}
