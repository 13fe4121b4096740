{#- Definitions that stand in more than one model. -#}

{% macro far_future() -%} cast('9999-12-31' as date) {%- endmacro %}
{% macro beginning() -%} cast('1800-01-01' as date) {%- endmacro %}

{#- Whether a file in the ledger was taken in, be it that a newer one has replaced it since. -#}
{% macro has_landed() -%} status in ('landed', 'superseded') {%- endmacro %}

{#- Spreadsheets drop leading zeros of codes; a code too long stays so, for a test to find. -#}
{% macro code(column, digits=7) -%}
  case when length(trim({{ column }})) < {{ digits }}
    then lpad(trim({{ column }}), {{ digits }}, '0')
    else trim({{ column }}) end
{%- endmacro %}

{#- A value of a list, as landing compares it with the list; spaces alone say nothing. -#}
{% macro listed_code(column) -%} nullif(upper(trim({{ column }})), '') {%- endmacro %}

{#- Texts of a policy list, for `in (…)`. -#}
{% macro listed_texts(texts) -%}
  {%- for text in texts -%} '{{ text }}'{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}

{#- What an open column tells; words that say that there is nothing to tell, tell nothing. -#}
{% macro told_word(column) -%}
  case
    when {{ listed_code(column) }} not in ({{ listed_texts(var('words_for_none')) }})
      then {{ listed_code(column) }}
  end
{%- endmacro %}

{#- Whether a column says yes, with the accent or without; null where it says nothing. -#}
{% macro says_yes(column) -%} replace({{ listed_code(column) }}, 'Í', 'I') = 'SI' {%- endmacro %}

{#- A coordinate of a place in Peru; those of a place elsewhere are a slip, and not known. -#}
{% macro in_country(column, latitude, longitude) -%}
  case
    when {{ latitude }} between -19 and -0.01 and {{ longitude }} between -82 and -68
      then {{ column }}
  end
{%- endmacro %}

{#- A school service is its code and annex. -#}
{% macro service_code(cod_mod, anexo) -%}
  concat({{ code(cod_mod) }}, '-', trim({{ anexo }}))
{%- endmacro %}

{#- Management in words, as «Pública de gestión directa» or «Privada - Particular»: null for others. -#}
{% macro is_public(management) -%}
  case
    when upper(trim({{ management }})) like 'P_BLICA%' then true
    when upper(trim({{ management }})) like 'PRIVADA%' then false
  end
{%- endmacro %}

{#- A mark as sent, a letter or a number, without slips of the pen: «A D» is AD, «AA» is A; null of no mark. -#}
{% macro mark_text(column) -%}
  {%- set clean = "upper(replace(trim(" ~ column ~ "), ' ', ''))" -%}
  case
    when {{ mark_points(column) }} is null then null
    when {{ clean }} = 'AA' then 'A'
    else {{ clean }}
  end
{%- endmacro %}

{#- A mark as points: C 1, B 2, A 3, AD 4; «A D», «AA» and lower case are slips of the pen. -#}
{% macro mark_points(column) -%}
  {%- set clean = "upper(replace(trim(" ~ column ~ "), ' ', ''))" -%}
  {%- set cut = var('numeric_mark_cutoffs') -%}
  case
    when {{ clean }} in ('C', 'B', 'A', 'AA', 'AD')
      then case {{ clean }} when 'C' then 1 when 'B' then 2 when 'AD' then 4 else 3 end
    when try_cast({{ clean }} as double) between 0 and 20
      then 1 + cast(try_cast({{ clean }} as double) >= {{ cut[0] }} as integer)
        + cast(try_cast({{ clean }} as double) >= {{ cut[1] }} as integer)
        + cast(try_cast({{ clean }} as double) >= {{ cut[2] }} as integer)
  end
{%- endmacro %}

{#- Days from one date to another, as the integer that marts have. -#}
{% macro whole_days(earlier, later) -%}
  cast({{ days_between(earlier, later) }} as integer)
{%- endmacro %}

{#- Whole years from one date to another, by the calendar: three years less a day are two. -#}
{% macro whole_years(earlier, later) -%}
  cast(
    year({{ later }}) - year({{ earlier }}) - cast(
      100 * month({{ later }}) + day({{ later }}) < 100 * month({{ earlier }}) + day({{ earlier }})
      as integer
    ) as integer
  )
{%- endmacro %}

{#- Regular basic education (EBR): preschool, primary and secondary; special education is not. -#}
{% macro is_regular(level) -%} left({{ level }}, 1) in ('A', 'B', 'F') {%- endmacro %}

{#- An exit from school; another state that is not of the list, as one that closes a year, is none. -#}
{% macro is_exit(state) -%} {{ state }} in ('RETIRADO', 'FALLECIDO') {%- endmacro %}

{#- A pupil of a school: neither gone nor moved to another. -#}
{% macro is_attending(state) -%}
  {{ state }} not in ('RETIRADO', 'FALLECIDO', 'TRASLADADO')
{%- endmacro %}

{#- A mother tongue of Peru other than Spanish: foreign languages and sign language are none. -#}
{% macro speaks_indigenous(mother_tongue) -%}
  coalesce({{ mother_tongue }} not in ({{ listed_texts(var('other_languages')) }}), false)
{%- endmacro %}

{#- Ages are counted at 31 March of the school year. -#}
{% macro age_at_march(birth_date, school_year) -%}
  cast({{ school_year }} - year({{ birth_date }})
    - cast(month({{ birth_date }}) > 3 as integer) as bigint)
{%- endmacro %}

{#- The level of a stage of regular education that has official ages: primary or secondary. -#}
{% macro level_of_stage(stage) -%}
  case {{ stage }} when 'primaria' then 'B0' when 'secundaria' then 'F0' end
{%- endmacro %}

{#- A group of pupils by one trait, as in «sex=mujer»; what is not known is a group too. -#}
{% macro trait(kind, flag, if_so, if_not) -%}
  case when {{ flag }} then '{{ kind }}={{ if_so }}'
    when not {{ flag }} then '{{ kind }}={{ if_not }}'
    else '{{ kind }}=unknown' end
{%- endmacro %}

{#- So rare, or of so few, that of a department's groups, or its UGELs, less than half could be shown. -#}
{% macro is_rare(indicator) -%}
  {{ indicator }} in ('{{ var('rare_indicators') | join("', '") }}')
{%- endmacro %}

{#- Of departments too, though it is rare. -#}
{% macro is_of_departments(indicator) -%}
  {{ indicator }} in ({{ listed_texts(var('department_indicators')) }})
{%- endmacro %}

{#- Told of groups of pupils: a rule of needs asks for the same traits, and a population has none. -#}
{% macro is_grouped(indicator) -%}
  {{ indicator }} not in ({{ listed_texts(var('ungrouped_indicators')) }})
{%- endmacro %}

{% macro is_low_attendance(share) -%}
  {{ share }} <= {{ var('low_attendance_share') }}
{%- endmacro %}

{#- Decimals, so that equal facts give equal features whatever the number of threads. Scaled before
    the division: 323 / 40 is 8.075 and rounds to 8.08, though no double is 8.075. -#}
{% macro share(part, whole, digits=4) -%}
  {%- set scale = 10 ** digits -%}
  cast(round({{ scale }} * cast({{ part }} as double) / nullif({{ whole }}, 0)) / {{ scale }} as double)
{%- endmacro %}

{#- A count of children as everybody may see it: to the nearest five, and none of few; of a part
    also none where the rest is few. -#}
{% macro told_count(n) -%}
  case when {{ n }} >= {{ var('smallest_shown') }} then cast(5 * round({{ n }} / 5.0) as bigint) end
{%- endmacro %}

{% macro told_part(part, whole) -%}
  case when {{ whole }} - {{ part }} >= {{ var('smallest_shown') }}
    then {{ told_count(part) }} end
{%- endmacro %}

{#- Small counts are hidden, and what is hidden is unlike the rest: a share of what is told stands
    for the whole only where that is nearly all of it. -#}
{% macro told_share(part, told, whole) -%}
  case when {{ told }} >= {{ var('told_pupils_share') }} * {{ whole }}
    then {{ share(part, told) }} end
{%- endmacro %}

{#- The longest run of a flag: `flags` is a text of 1 (not set) and 2 (set) in order. -#}
{% macro longest_run(flags, at_most) -%}
  case
    {%- for n in range(at_most, 0, -1) %}
    when {{ flags }} like '%{{ '2' * n }}%' then {{ n }}
    {%- endfor %}
    else 0
  end
{%- endmacro %}

{#- The months' flags as a text of 1 and 2 from the last month to the first, without the months that
    are not there, from one row a month: digits of one sum, since twelve sums, or one that sorts
    each child's months, take several times as long. -#}
{% macro flags_by_month(flag) -%}
  replace(
    cast(cast(
      sum((1 + cast({{ flag }} as integer)) * cast(pow(10, month) as bigint)) as bigint
    ) as string), '0', '')
{%- endmacro %}

{#- The slope of a line through points: whole numbers until the last division, so it is exact. -#}
{% macro slope(x, y) -%}
  {{ share("count(*) * sum(" ~ x ~ " * " ~ y ~ ") - sum(" ~ x ~ ") * sum(" ~ y ~ ")",
           "count(*) * sum(" ~ x ~ " * " ~ x ~ ") - sum(" ~ x ~ ") * sum(" ~ x ~ ")") }}
{%- endmacro %}

{#- A sum of all without the child's own part: a child is never its own peer. -#}
{% macro of_mates(total, own) -%} {{ total }} - coalesce({{ own }}, 0) {%- endmacro %}

{#- A row of one relation and one of another that are of the same child on the same date. -#}
{% macro same_child_and_date(a, b) -%}
  {{ a }}.child_key = {{ b }}.child_key and {{ a }}.as_of_date = {{ b }}.as_of_date
{%- endmacro %}

{#- A class is a service's grade and section; who is in no named section has no classmates. -#}
{% macro in_same_class(a, b) -%}
  {{ a }}.service_code = {{ b }}.service_code
  and {{ a }}.grade is not distinct from {{ b }}.grade
  and {{ a }}.section = {{ b }}.section
{%- endmacro %}

{#- Grades that a level has: a school with fewer classes than grades teaches several in one. -#}
{% macro grades_of_level(level) -%} case {{ level }} when 'F0' then 5 else 6 end {%- endmacro %}

{#- Great-circle distance between two relations with latitude and longitude, km (haversine, mean
    radius 6,371 km). -#}
{% macro distance_km(a, b) -%}
  2 * 6371 * asin(sqrt(
    pow(sin(radians({{ b }}.latitude - {{ a }}.latitude) / 2), 2)
    + cos(radians({{ a }}.latitude)) * cos(radians({{ b }}.latitude))
    * pow(sin(radians({{ b }}.longitude - {{ a }}.longitude) / 2), 2)
  ))
{%- endmacro %}

{#- A difference of two shares, rounded again: 0.8 less 1.0 is -0.2, not -0.19999999999999996. -#}
{% macro gap(a, b, digits=4) -%} {{ rounded(a ~ ' - ' ~ b, digits) }} {%- endmacro %}

{#- A share of the year before, of rows that are the same in some columns; null where there is none. -#}
{% macro of_last_year(share, same, year='school_year') -%}
  max({{ share }}) over (
    partition by {{ same | join(', ') }}
    order by {{ year }} range between 1 preceding and 1 preceding
  )
{%- endmacro %}

{#- The share of those rows that meet a condition, beside each row that is the same in some columns. -#}
{% macro share_where(share, condition, same) -%}
  max(case when {{ condition }} then {{ share }} end) over (partition by {{ same | join(', ') }})
{%- endmacro %}

{#- Whether promotion is guided in the year of a day, as known on it: every grade promotes everybody. -#}
{% macro is_promotion_guided(day) -%}
  ({% for year, known_at in var('guided_promotion_known_at').items() -%}
  {{ day }} between cast('{{ known_at }}' as date) and cast('{{ year }}-12-31' as date)
  {%- if not loop.last %} or {% endif %}{% endfor %})
{%- endmacro %}

{#- Whether a share is as good as a goal; of most indicators less is better. -#}
{% macro is_as_good(indicator, share, goal) -%}
  if(
    {{ indicator }} in ('{{ var('more_is_better') | join("', '") }}'),
    {{ share }} >= {{ goal }},
    {{ share }} <= {{ goal }}
  )
{%- endmacro %}
