{#- Generic tests of our own; what dbt ships is used as it is. -#}

{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}, count(*) as n
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{#- One scan of a model for all its columns. A range is [least, most]; null is no limit. -#}
{% test in_ranges(model, ranges) %}
{{ config(fail_calc = 'coalesce(sum(n), 0)') }}
select column_name, n
from (
    select {% for column, limits in ranges.items() -%}
      count(case when {{ outside(column, limits[0], limits[1]) }} then 1 end)
      as {{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}
    from {{ model }}
)
unpivot (n for column_name in ({{ ranges | join(', ') }}))
where n > 0
{% endtest %}

{% macro outside(column, least, most) -%}
  {%- set limits = [] -%}
  {%- if least is not none -%} {%- do limits.append(column ~ ' < ' ~ least) -%} {%- endif -%}
  {%- if most is not none -%} {%- do limits.append(column ~ ' > ' ~ most) -%} {%- endif -%}
  {{ limits | join(' or ') }}
{%- endmacro %}

{% test holds(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}

{#- One scan of a model for all its columns: dbt takes longer to start a test than to count. -#}
{% test never_null(model, columns) %}
{{ config(fail_calc = 'coalesce(sum(n), 0)') }}
select column_name, n
from (
    select {% for column in columns -%}
      count(*) - count({{ column }}) as {{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}
    from {{ model }}
)
unpivot (n for column_name in ({{ columns | join(', ') }}))
where n > 0
{% endtest %}

{#- For a model that adds columns to another's rows: that no join made two of one. -#}
{% test as_many_rows_as(model, other) %}
select n, expected
from (
    select (select count(*) from {{ model }}) as n, (select count(*) from {{ other }}) as expected
)
where n <> expected
{% endtest %}
