{#- Definitions that stand in more than one model. -#}

{% macro far_future() -%} cast('9999-12-31' as date) {%- endmacro %}

{#- Spreadsheets drop leading zeros of codes; a code that is too long stays as it is, for a test to find. -#}
{% macro code(column, digits=7) -%}
  case when length(trim({{ column }})) < {{ digits }} then lpad(trim({{ column }}), {{ digits }}, '0')
    else trim({{ column }}) end
{%- endmacro %}

{#- A school service is its code and annex. -#}
{% macro service_code(cod_mod, anexo) -%} concat({{ code(cod_mod) }}, '-', trim({{ anexo }})) {%- endmacro %}

{#- A mark as points: C 1, B 2, A 3, AD 4; «A D», «AA» and lower case are slips of the pen. -#}
{% macro mark_points(column) -%}
  {%- set clean = "upper(replace(trim(" ~ column ~ "), ' ', ''))" -%}
  {%- set cut = var('numeric_mark_cutoffs') -%}
  case
    when {{ clean }} in ('C', 'B', 'A', 'AA', 'AD')
      then case {{ clean }} when 'C' then 1 when 'B' then 2 when 'AD' then 4 else 3 end
    when try_cast({{ clean }} as integer) between 0 and 20
      then 1 + cast(try_cast({{ clean }} as integer) >= {{ cut[0] }} as integer)
        + cast(try_cast({{ clean }} as integer) >= {{ cut[1] }} as integer)
        + cast(try_cast({{ clean }} as integer) >= {{ cut[2] }} as integer)
  end
{%- endmacro %}

{#- Ages are counted at 31 March of the school year. -#}
{% macro age_at_march(birth_date, school_year) -%}
  {{ school_year }} - year({{ birth_date }})
    - cast(month({{ birth_date }}) > 3 as integer)
{%- endmacro %}

{% macro is_low_attendance(share) -%} {{ share }} <= {{ var('low_attendance_share') }} {%- endmacro %}

{#- Decimals, so that equal facts give equal features whatever the number of threads. -#}
{% macro share(part, whole, digits=4) -%}
  cast(round(cast({{ part }} as double) / nullif({{ whole }}, 0), {{ digits }}) as double)
{%- endmacro %}

{#- Counts of officials: rounded once; hidden is decided in the mart. -#}
{% macro rounded(count) -%}
  cast({{ var('rounding') }} * round({{ count }} / {{ var('rounding') }}.0) as bigint)
{%- endmacro %}
