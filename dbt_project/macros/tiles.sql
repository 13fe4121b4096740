{#- A share as all dashboards write it: a point and one decimal, halves up, of the decimals that a reader of it sees
    (0.0115 is 1.2%), as warehouse/numbers.py has it. -#}
{% macro percent_text(share) -%}
  cast(cast(round(100 * cast({{ share }} as decimal(12, 6)), 1) as decimal(12, 1)) as string) || '%'
{%- endmacro %}

{#- Into how many classes a map divides what it shows: a color each, and one for what is not shown. -#}
{% macro n_shades() -%} {{ var('map_shades') | length - 1 }} {%- endmacro %}

{#- The color of a class; that of 0 says that there is no figure. -#}
{% macro shade_color(shade) -%}
  case {{ shade }}
    {%- for color in var('map_shades') %} when {{ loop.index0 }} then '{{ color }}' {%- endfor %}
  end
{%- endmacro %}

{#- Tiles of a map: of each department its name, what it says and its color, and of each class its bounds, as tiles
    of its own. A relation has department_name and case_share, and is divided by some columns; classes have one
    width, between the least and the most that is shown. -#}
{% macro tiles(relation, by) -%}
  (
    with
    ranged as (
      select
        *,
        min(case_share) over same as least,
        (max(case_share) over same - min(case_share) over same) / {{ n_shades() }} as class_width
      from {{ relation }}
      window same as (partition by {{ by | join(', ') }})
    ),

    tiles as (
      select
        {{ by | join(', ') }},
        department_name as tile,
        coalesce({{ percent_text('case_share') }}, 'oculto') as tile_text,
        case
          when case_share is null then 0
          when class_width = 0 then 1
          else least(1 + cast(floor((case_share - least) / class_width) as integer), {{ n_shades() }})
        end as shade
      from ranged
      union all
      select distinct
        {{ by | join(', ') }},
        concat('tono ', shade) as tile,
        concat(
          {{ percent_text('least + (shade - 1) * class_width') }}, ' – ', {{ percent_text('least + shade * class_width') }}
        ) as tile_text,
        cast(shade as integer) as shade
      from (select *, {{ each_number(1, n_shades()) }} as shade from ranged) as classes
      where class_width > 0 or (class_width = 0 and shade = 1)
    )

    select {{ by | join(', ') }}, tile, tile_text, {{ shade_color('shade') }} as tile_color
    from tiles
  )
{%- endmacro %}
