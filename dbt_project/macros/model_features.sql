{#- The features that a model may use, as the groups' YAML says. -#}
{% macro model_features() -%}
  {%- set found = [] -%}
  {%- if execute -%}
    {%- for node in graph.nodes.values()
          if node.resource_type == 'model' and node.path.startswith('features/') and node.name != 'child_features' -%}
      {%- for column in node.columns.values() if column.config.meta.get('in_model') -%}
        {%- do found.append(column.name) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(found | sort or ['age_years']) }}
{%- endmacro %}
