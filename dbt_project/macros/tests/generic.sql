{#- Generic tests of our own; what dbt ships is used as it is. -#}

{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}, count(*) as n
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{% test in_range(model, column_name, at_least=none, at_most=none) %}
select {{ column_name }}
from {{ model }}
where false
  {% if at_least is not none %} or {{ column_name }} < {{ at_least }} {% endif %}
  {% if at_most is not none %} or {{ column_name }} > {{ at_most }} {% endif %}
{% endtest %}

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
    select {% for column in columns %}count(*) - count({{ column }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ model }}
)
unpivot (n for column_name in ({{ columns | join(', ') }}))
where n > 0
{% endtest %}

{#- For a model that adds columns to another's rows: that no join made two of one. -#}
{% test as_many_rows_as(model, other) %}
select n, expected
from (select (select count(*) from {{ model }}) as n, (select count(*) from {{ other }}) as expected)
where n <> expected
{% endtest %}
