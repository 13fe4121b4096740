{#- A Spanish sentence with «1 años» put right; nouns are those of the seed of reasons.
    sqlfluff reads models without dbt, where a variable is no mapping. -#}
{% macro in_singular(text) -%}
  {%- set nouns = var('singulars') -%}
  {%- set found = namespace(sql=text) -%}
  {%- for many, one in (nouns if nouns is mapping else {}).items() -%}
    {%- set found.sql = "replace(" ~ found.sql ~ ", ' 1 " ~ many ~ "', ' 1 " ~ one ~ "')" -%}
  {%- endfor -%}
  {{ found.sql }}
{%- endmacro %}
