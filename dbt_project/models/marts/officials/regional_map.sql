with
shown as (select * from {{ ref('indicators') }} where department_code <> '00'),

-- classes of one width between the least and the most that is shown of an indicator, a level and a year
bounds as (
    select
        school_year,
        level,
        indicator,
        min(case_share) as least,
        (max(case_share) - min(case_share)) / {{ n_shades() }} as class_width
    from shown
    group by 1, 2, 3
    having min(case_share) is not null
),

classes as (
    select
        bounds.*,
        unnest(generate_series(1, {{ n_shades() }})) as shade
    from bounds
),

-- the legend of the map, as tiles of its own
legend as (
    select
        school_year,
        level,
        indicator,
        concat('tono ', shade) as tile,
        {{ percent_text('least + (shade - 1) * class_width') }}
        || ' – '
        || {{ percent_text('least + shade * class_width') }} as tile_text,
        cast(shade as integer) as shade
    from classes
    where class_width > 0 or shade = 1
),

departments as (
    select
        shown.school_year,
        shown.level,
        shown.indicator,
        shown.department_name as tile,
        coalesce({{ percent_text('shown.case_share') }}, 'oculto') as tile_text,
        case
            when shown.case_share is null then 0
            when bounds.class_width = 0 then 1
            else least(
                1 + cast(floor((shown.case_share - bounds.least) / bounds.class_width) as integer),
                {{ n_shades() }}
            )
        end as shade
    from shown
    left join bounds
        on
            shown.school_year = bounds.school_year
            and shown.level = bounds.level
            and shown.indicator = bounds.indicator
),

tiles as (
    select * from legend
    union all by name
    select * from departments
),

regional_map as (
    select
        school_year,
        level,
        indicator,
        tile,
        tile_text,
        {{ shade_color('shade') }} as tile_color
    from tiles
)

select * from regional_map
