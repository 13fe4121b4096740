{#- What a school is called: as the register wrote it last, also of one that closed. -#}
{% macro school_names() -%}
  (
    select
        service_code,
        max_by(school_name, (known_until, school_name)) as school_name
    from {{ ref('int_schools__registers') }}
    group by service_code
  )
{%- endmacro %}

{#- What a province is called, by the first four digits of its districts. -#}
{% macro provinces() -%}
  (
    select
        left(district_code, 4) as area_code,
        max_by(province_name, (known_until, province_name)) as province_name
    from {{ ref('int_places__districts') }}
    group by area_code
  )
{%- endmacro %}

{#- The name of one school, by its code. -#}
{% macro school_name(code) -%}
  (select named.school_name from {{ school_names() }} as named where named.service_code = {{ code }})
{%- endmacro %}

{#- The name of one province, by its code. -#}
{% macro province_name(code) -%}
  (select named.province_name from {{ provinces() }} as named where named.area_code = {{ code }})
{%- endmacro %}

{#- Of each, what most rows of a relation say; of as many, the first by its own order. -#}
{% macro commonest(value, of_each, relation) -%}
  (
    select {{ of_each }}, {{ value }}
    from (
      select {{ of_each }}, {{ value }}, count(*) as n_rows
      from {{ relation }}
      group by {{ of_each }}, {{ value }}
    ) as counted
    qualify row_number() over (
      partition by {{ of_each }} order by n_rows desc, {{ value }} asc nulls last
    ) = 1
  )
{%- endmacro %}
