with
registers as (select * from {{ ref('int_schools__registers') }}),
districts as {{ newest(ref('int_places__districts')) }},
levels as (select * from {{ ref('levels') }}),

-- a school that closed keeps the name under which a child went to it
schools as (
    select *
    from registers
    qualify row_number() over (partition by service_code order by known_at desc) = 1
),

placed as (
    select
        schools.service_code,
        schools.school_name,
        coalesce(lower(levels.level_name), schools.level) as level_name,
        districts.district_name,
        districts.province_name,
        schools.ugel_code,
        schools.known_until = {{ far_future() }} as is_in_register
    from schools
    left join districts on schools.district_code = districts.district_code
    left join levels on schools.level = levels.level
),

-- no source tells what a UGEL is called: it is told by the province of most of its schools
located as (select * from placed where is_in_register and province_name is not null),
provinces as {{ commonest('province_name', 'ugel_code', 'located') }},

named as (
    select
        placed.service_code,
        placed.school_name,
        placed.level_name,
        placed.district_name,
        placed.ugel_code,
        concat('UGEL ', placed.ugel_code, coalesce(', ' || provinces.province_name, ''))
            as ugel_name,
        placed.is_in_register
    from placed
    left join provinces on placed.ugel_code = provinces.ugel_code
)

select * from named
