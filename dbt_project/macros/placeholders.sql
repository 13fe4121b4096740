{#- A model that is built by date or by year is compiled once, and a text in its SQL is replaced by the
    dates or years that are due. Refused is SQL which that cannot be right for: it would be built for
    every date alike, for none, or twice. -#}

{% macro check_dates_are_replaced(sql, placeholder) -%}
  {%- set day = var('as_of', '1900-01-01') -%}
  {%- set code = without_comments(sql) -%}
  {%- set found = code.count(placeholder) -%}
  {%- if day in without_comments(model.raw_code) -%}
    {%- do refuse("writes " ~ day ~ ", which stands for the date being built: take another day, "
          ~ "or as_of() where that date is meant") -%}
  {%- elif not found -%}
    {%- do refuse("is built by as-of date and does not name it, so every date would have the same "
          ~ "rows: use as_of(), of_date() or known(), or materialized='table'") -%}
  {%- elif code.count(day) != found -%}
    {%- do refuse("has " ~ day ~ " from a macro in another form than as_of() gives, which would "
          ~ "stay as it is: use as_of() there") -%}
  {%- elif config.get('joins_dates')
        and code.count('as_of_date in (' ~ placeholder ~ ')') != found -%}
    {%- do refuse("joins several dates at once (joins_dates) and names the date otherwise than by "
          ~ "in_built_dates(): use that alone, or leave joins_dates out") -%}
  {%- endif -%}
{%- endmacro %}

{% macro check_years_are_replaced(sql) -%}
  {%- set by_hand = '(?i)between\\s+0\\s+and\\s+9999' -%}
  {%- set code = without_comments(sql) -%}
  {%- set found = code.count(in_built_years()) -%}
  {%- if modules.re.search(by_hand, without_comments(model.raw_code)) -%}
    {%- do refuse("writes what stands for the years being built: use in_built_years()") -%}
  {%- elif not found -%}
    {%- do refuse("is built by school year and does not say where its years are chosen, so rows of "
          ~ "other years would be inserted again: use in_built_years(), or materialized='table'") -%}
  {%- elif modules.re.findall(by_hand, code) | length != found -%}
    {%- do refuse("has the years from a macro in another form than in_built_years() gives, which "
          ~ "would stay as it is: use in_built_years() there") -%}
  {%- endif -%}
{%- endmacro %}

{#- The date stays unchosen in whatever is not built by date: its table would be empty for ever. -#}
{% macro check_has_dates() -%}
  {%- if execute and model.resource_type == 'model'
        and config.get('materialized') not in ('as_of', 'ephemeral') -%}
    {%- do refuse("names the as-of date and is not built by it (materialized='as_of')") -%}
  {%- endif -%}
{%- endmacro %}

{% macro without_comments(sql) -%}
  {{ return(modules.re.sub('--[^\\n]*|(?s:/\\*.*?\\*/)', '', sql)) }}
{%- endmacro %}

{% macro refuse(what) -%}
  {{ exceptions.raise_compiler_error("model " ~ model.name ~ " " ~ what) }}
{%- endmacro %}
