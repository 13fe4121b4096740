{#- A Spanish sentence with «1 años» put right; nouns are those of the seed of reasons. -#}
{% macro in_singular(text) -%}
  {%- set nouns = {'meses': 'mes', 'veces': 'vez'} -%}
  {%- for noun in ['año', 'apoyo', 'área', 'día', 'escuela', 'estudiante', 'falta', 'hermano', 'hora', 'punto'] -%}
    {%- do nouns.update({noun ~ 's': noun}) -%}
  {%- endfor -%}
  {%- set found = namespace(sql=text) -%}
  {%- for many, one in nouns.items() -%}
    {%- set found.sql = "replace(" ~ found.sql ~ ", ' 1 " ~ many ~ "', ' 1 " ~ one ~ "')" -%}
  {%- endfor -%}
  {{ found.sql }}
{%- endmacro %}
