{#- Keys and versions of the star's dimensions. -#}

{#- Consecutive versions of a bitemporal relation that say the same are one, from the first day on which it was known
    to the day on which something else was: `valid_from`, `valid_until`. -#}
{% macro merged_versions(relation, key, attributes) -%}
  (
    select
      {{ key }},
      {{ attributes | join(', ') }},
      min(known_at) as valid_from,
      max(known_until) as valid_until
    from (
      select *, sum(is_change) over (
        partition by {{ key }} order by known_at rows unbounded preceding
      ) as version_no
      from (
        select *, cast(
          (known_at is distinct from former_until)
          {%- for attribute in attributes %}
            or ({{ attribute }} is distinct from former_{{ attribute }})
          {%- endfor %}
          as integer) as is_change
        from (
          select
            *,
            {%- for attribute in attributes %}
            lag({{ attribute }}) over (partition by {{ key }} order by known_at) as former_{{ attribute }},
            {%- endfor %}
            lag(known_until) over (partition by {{ key }} order by known_at) as former_until
          from {{ relation }}
        )
      )
    )
    group by {{ key }}, version_no, {{ attributes | join(', ') }}
  )
{%- endmacro %}

{#- The number of a version, in the order of what it is a version of and of time: facts join whole numbers twice as
    fast as text. It is another one in another build, and means nothing. -#}
{% macro version_key(key, valid_from) -%}
  cast(row_number() over (order by {{ key }}, {{ valid_from }}) as integer)
{%- endmacro %}

{#- Whether a version holds on a day; a null day is none. -#}
{% macro holds_on(version, day) -%}
  {{ version }}.valid_from <= {{ day }} and {{ version }}.valid_until > {{ day }}
{%- endmacro %}

{#- The versions of a dimension that hold today, one of each thing. -#}
{% macro of_today(dimension) -%}
  (select * from {{ dimension }} where valid_until = {{ far_future() }})
{%- endmacro %}

{#- The regional directorate (DRE, or GRE) of a district: one a department, but two in Lima, one of them the capital's. -#}
{% macro regional_directorate(district_code, department_name) -%}
  case
    when left({{ district_code }}, 4) = '1501' then 'DRE Lima Metropolitana'
    when left({{ district_code }}, 2) = '15' then 'DRE Lima Provincias'
    else concat('DRE ', {{ department_name }})
  end
{%- endmacro %}

{#- The number of a child in a school year. Keys of children have 52 bits; years from 1990 to 2245 have the next 8. -#}
{% macro pupil_key(child_key, school_year) -%}
  cast(256 * {{ child_key }} + {{ school_year }} - 1990 as bigint)
{%- endmacro %}

{#- Pupils of primary and secondary, once as «all» and once by their sex. -#}
{% macro pupils_by_group() -%}
  (
    select *, 'all' as group_name
    from {{ ref('fct_enrollment_year') }}
    where level in ('B0', 'F0') and grade between 4 and 14
    union all
    select *, case when is_female then 'sex=mujer' else 'sex=varón' end as group_name
    from {{ ref('fct_enrollment_year') }}
    where level in ('B0', 'F0') and grade between 4 and 14 and is_female is not null
  )
{%- endmacro %}
