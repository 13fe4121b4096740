{#- The features that a model may use, as the groups' YAML says. -#}
{% macro model_features() -%}
  {%- set found = [] -%}
  {%- if execute -%}
    {%- for node in graph.nodes.values()
          if node.resource_type == 'model' and node.path.startswith('features/')
          and node.name != 'child_features' -%}
      {%- for column in node.columns.values() if column.config.meta.get('in_model') -%}
        {%- do found.append(column.name) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(found | sort or ['age_years']) }}
{%- endmacro %}

{#- The segment by which a score is calibrated, as ml/models/calibrate.py names it. -#}
{% macro segment_of(features) -%}
  concat({{ features }}.level, '·', case when {{ features }}.is_rural then 'rural'
    when not {{ features }}.is_rural then 'urban' else 'unknown' end, '·',
    case when month({{ features }}.as_of_date) <= 5 then '04'
      when month({{ features }}.as_of_date) <= 8 then '07' else '10' end)
{%- endmacro %}

{#- Whether a segment is a group by a protected trait, or by two traits at a time. -#}
{% macro is_protected(segment) -%}
  {{ is_match(segment, '^(sex|language|disability|nationality)=') }}
{%- endmacro %}
