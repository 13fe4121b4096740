{#- Attendance of a person in a month, whatever the number of schools that tell of it. -#}

{#- One row per person and month of `int_attendance__months`, without months that say nothing. Parts
    of a month add up where a pupil may have moved; where they are more days than a month has, the
    schools tell of the same days, and the one that was open on most of them counts. `also`: more columns. -#}
{% macro months_of_persons(
    relation, numbers=['open_days', 'absence_days', 'unjustified_absence_days', 'late_days'], also=[]
) -%}
  {#- open the longest, then absent the most: all numbers are of one school, whoever comes first -#}
  {%- set order = '1000000 * open_days + 10000 * absence_days + 100 * coalesce(unjustified_absence_days, 0)'
        ~ ' + coalesce(late_days, 0)' -%}
  select
    person_key,
    school_year,
    month,
    {%- for days in numbers %}
    cast(case
      when sum(open_days) <= {{ weekdays_of('school_year', 'month') }} then sum({{ days }})
      else nullif(max_by(coalesce({{ days }}, -1), {{ order }}), -1)
    end as integer) as {{ days }}{{ ',' if not loop.last or also }}
    {%- endfor %}
    {{ also | join(', ') }}
  from {{ relation }}
  where absence_days is not null and open_days > 0
  group by person_key, school_year, month
{%- endmacro %}

{#- The days from Monday to Friday of a month: 20, and those among its last up to three. -#}
{% macro weekdays_of(year, month) -%}
  {%- set first = "make_date(" ~ year ~ ", " ~ month ~ ", 1)" -%}
  {%- set monday = "cast('2001-01-01' as date)" -%}
  (20
    {%- for more in range(3) %}
    + cast(day(last_day({{ first }})) >= {{ 29 + more }}
      and ({{ days_between(monday, first) }} + {{ more }}) % 7 < 5 as integer)
    {%- endfor %})
{%- endmacro %}
