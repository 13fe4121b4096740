{{ config(materialized='as_of') }}

with
schools as {{ known(ref('int_schools__registers')) }},
places as {{ known(ref('int_places__populated')) }},
districts as {{ known(ref('int_places__districts')) }},
departments as (select * from {{ ref('departments') }}),

cells as (
    select
        *,
        floor(2 * latitude) as cell_row,
        floor(2 * longitude) as cell_column
    from schools
),

steps as (
    select {{ each_number(-1, 1) }} as step
),

-- nearest secondary school: only the cells around are searched, each half a degree wide
nearest as (
    select
        cells.service_code,
        min({{ distance_km('cells', 'secondary') }}) as secondary_distance_km
    from cells
    cross join steps as up
    cross join steps as aside
    inner join cells as secondary
        on
            cells.cell_row + up.step = secondary.cell_row
            and cells.cell_column + aside.step = secondary.cell_column
            and secondary.level = 'F0'
    group by cells.service_code
),

offered as (
    select
        district_code,
        sum(cast(level = 'F0' as integer)) as n_secondary_services
    from schools
    group by district_code
),

located as (
    select
        schools.service_code,
        {{ as_of() }} as as_of_date,
        schools.ugel_code,
        schools.department_code,
        schools.district_code,
        schools.n_pupils,
        schools.n_teachers,
        schools.n_sections,
        schools.is_bilingual,
        schools.is_public,
        places.is_rural,
        places.altitude_m,
        districts.poverty_percent,
        cast(offered.n_secondary_services as integer) as n_district_secondary_services,
        {{ rounded(distance_km('schools', 'departments'), 1) }} as capital_distance_km,
        -- the least of what is known: the cap where no school was found
        case
            when schools.level = 'F0' then 0
            else {{ rounded('least(nearest.secondary_distance_km, '
                ~ var('secondary_search_km') ~ ')', 1) }}
        end as secondary_distance_km
    from schools
    left join places on schools.populated_place_code = places.populated_place_code
    left join districts on schools.district_code = districts.district_code
    left join departments on schools.department_code = departments.department_code
    left join nearest on schools.service_code = nearest.service_code
    left join offered on schools.district_code = offered.district_code
)

select * from located
