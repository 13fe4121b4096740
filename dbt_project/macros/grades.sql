{#- Marks of a person in a period, whatever the number of schools that tell of it. -#}

{#- One row per person, period and area of `int_grades__areas`: who moved or was registered twice may have an area's
    marks twice; then those count that were told last. Only periods that are told twice are sorted. -#}
{% macro areas_told_last(relation) -%}
  (
    with told_twice as (
      select person_key, school_year, period
      from {{ relation }}
      group by person_key, school_year, period
      having count(distinct child_key) > 1 or min(service_code) <> max(service_code)
    ),

    marked as (
      select {{ relation }}.*, told_twice.person_key is not null as is_told_twice
      from {{ relation }}
      left join told_twice
        on {{ relation }}.person_key = told_twice.person_key
          and {{ relation }}.school_year = told_twice.school_year
          and {{ relation }}.period = told_twice.period
    )

    select * from marked where not is_told_twice
    union all
    select * from marked where is_told_twice
    qualify row_number() over (
      partition by person_key, school_year, period, learning_area order by {{ told_last() }}
    ) = 1
  )
{%- endmacro %}
