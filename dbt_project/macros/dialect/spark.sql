{#- What Spark says. Files are written whole there: it has neither a cipher to load nor half-built tables. -#}

{% macro spark__load_crypto() -%} select 1 {%- endmacro %}

{% macro spark__drop_leftovers() -%} {%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
  cast(datediff({{ later }}, {{ earlier }}) as bigint)
{%- endmacro %}

{% macro spark__day_of_week(day) -%} (weekday({{ day }}) + 1) {%- endmacro %}

{% macro spark__utc_now() -%}
  cast(to_utc_timestamp(current_timestamp(), current_timezone()) as timestamp_ntz)
{%- endmacro %}

{% macro spark__each_number(first, last) -%}
  explode(sequence(cast({{ first }} as int), cast({{ last }} as int)))
{%- endmacro %}

{% macro spark__without(columns) -%} * except ({{ columns | join(', ') }}) {%- endmacro %}

{% macro spark__with_replaced(expressions) -%}
  * except ({{ expressions | join(', ') }})
  {%- for column, expression in expressions.items() %}, {{ expression }} as {{ column }} {%- endfor -%}
{%- endmacro %}

{% macro spark__joined_text(text, separator, order_by) -%}
  listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{#- Spark's own rounds the shortest decimal that stands for a double: 0.575 to 0.58, which is less. -#}
{% macro spark__rounded(value, digits) -%}
  (sign({{ value }}) * floor(abs({{ value }}) * 1e{{ digits }} + 0.5) / 1e{{ digits }})
{%- endmacro %}

{% macro spark__replaced_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro spark__is_match(text, pattern) -%} {{ text }} rlike '{{ pattern }}' {%- endmacro %}
