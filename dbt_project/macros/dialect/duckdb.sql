{#- The only place for what DuckDB and Spark say differently. -#}

{% macro load_crypto() -%}
  {%- if env_var('QHAWAQ_CRYPTO', '') -%} load '{{ env_var('QHAWAQ_CRYPTO') }}' {%- else -%} select 1 {%- endif -%}
{%- endmacro %}

{% macro date_of(year, month_day) -%}
  cast(concat(cast({{ year }} as varchar), '-{{ month_day }}') as date)
{%- endmacro %}

{% macro days_between(earlier, later) -%} date_diff('day', {{ earlier }}, {{ later }}) {%- endmacro %}

{% macro utc_now() -%} cast(now() at time zone 'UTC' as timestamp) {%- endmacro %}
