{#- A share as all dashboards write it: a point and one decimal. -#}
{% macro percent_text(share) -%} format('{:.1f}%', 100 * ({{ share }})) {%- endmacro %}

{#- Into how many classes a map divides what it shows: a color each, and one for what is not shown. -#}
{% macro n_shades() -%} {{ var('map_shades') | length - 1 }} {%- endmacro %}

{#- The color of a class; that of 0 says that there is no figure. -#}
{% macro shade_color(shade) -%}
  (['{{ var('map_shades') | join("', '") }}'])[1 + {{ shade }}]
{%- endmacro %}
