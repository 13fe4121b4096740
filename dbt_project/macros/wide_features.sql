{#- One row per child and date over the group models, with the columns that their YAML declares. -#}
{% macro wide_features(groups) -%}
with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where {{ in_built_dates() }}
),
{% for group in groups %}
{{ group }} as (
    select * from {{ ref('child_' ~ group) }}
    where {{ in_built_dates() }}
),
{% endfor %}
wide as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.school_year,
        pupils.service_code,
        pupils.level,
        pupils.ugel_code,
        pupils.department_code
        {%- for group in groups %}{% for column in columns_of('child_' ~ group) %},
        {{ group }}.{{ column }}
        {%- endfor %}{% endfor %}
    from pupils
    {%- for group in groups %}
    inner join {{ group }} on {{ same_child_and_date('pupils', group) }}
    {%- endfor %}
)

select * from wide
{%- endmacro %}

{% macro columns_of(model) -%}
  {%- set found = [] -%}
  {%- if execute -%}
    {%- for name in graph.nodes['model.qhawaq.' ~ model].columns
          if name not in ['child_key', 'as_of_date'] -%}
      {%- do found.append(name) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(found) }}
{%- endmacro %}
