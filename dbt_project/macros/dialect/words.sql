{#- What engines say differently: a macro for each word, and what each engine says for it beside this
    file. Models and other macros name no engine. -#}

{% macro load_crypto() -%} {{ return(adapter.dispatch('load_crypto')()) }} {%- endmacro %}

{% macro drop_leftovers() -%} {{ return(adapter.dispatch('drop_leftovers')()) }} {%- endmacro %}

{% macro date_of(year, month_day) -%}
  cast(concat(cast({{ year }} as string), '-{{ month_day }}') as date)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
  {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{#- 1 Monday to 7 Sunday. -#}
{% macro day_of_week(day) -%} {{ return(adapter.dispatch('day_of_week')(day)) }} {%- endmacro %}

{% macro days_after(day, n) -%} cast({{ day }} + cast({{ n }} as integer) as date) {%- endmacro %}

{% macro without_accents(text) -%} translate({{ text }}, 'ÁÉÍÓÚÜ', 'AEIOUU') {%- endmacro %}

{% macro utc_now() -%} {{ return(adapter.dispatch('utc_now')()) }} {%- endmacro %}

{#- The day in Lima of a moment in UTC, as warehouse/clock.py has it: Peru has no summer time. -#}
{% macro lima_day(moment) -%} cast({{ moment }} - interval '5' hour as date) {%- endmacro %}

{#- Rows of whole numbers, as a column: from the first to the last. -#}
{% macro each_number(first, last) -%}
  {{ return(adapter.dispatch('each_number')(first, last)) }}
{%- endmacro %}

{#- All columns without some. -#}
{% macro without(columns) -%} {{ return(adapter.dispatch('without')(columns)) }} {%- endmacro %}

{#- All columns, some of them with another expression. -#}
{% macro with_replaced(expressions) -%}
  {{ return(adapter.dispatch('with_replaced')(expressions)) }}
{%- endmacro %}

{#- The texts of a group as one, in an order. -#}
{% macro joined_text(text, separator, order_by) -%}
  {{ return(adapter.dispatch('joined_text')(text, separator, order_by)) }}
{%- endmacro %}

{#- A double to some digits, halves away from zero: of the number as it is held, not as it is written. -#}
{% macro rounded(value, digits) -%}
  {{ return(adapter.dispatch('rounded')(value, digits)) }}
{%- endmacro %}

{#- A text with every match of a regular expression replaced. -#}
{% macro replaced_all(text, pattern, replacement) -%}
  {{ return(adapter.dispatch('replaced_all')(text, pattern, replacement)) }}
{%- endmacro %}

{#- Whether a regular expression is found in a text. -#}
{% macro is_match(text, pattern) -%}
  {{ return(adapter.dispatch('is_match')(text, pattern)) }}
{%- endmacro %}
