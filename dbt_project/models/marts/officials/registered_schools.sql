with
schools as {{ newest(ref('int_schools__registers')) }},
districts as {{ newest(ref('int_places__districts')) }},
levels as (select * from {{ ref('levels') }}),

-- schools are institutions: they are counted as they are; their pupils are in published_enrollment
counts as (
    select
        district_code,
        level,
        count(*) as n_services,
        count(distinct site_code) as n_sites,
        -- where the register says it of none, the number is unknown and not 0
        cast(sum(cast(is_public as integer)) as bigint) as n_public_services,
        cast(sum(cast(is_bilingual as integer)) as bigint) as n_bilingual_services,
        cast(sum(n_teachers) as bigint) as n_teachers
    from schools
    group by district_code, level
),

registered as (
    select
        counts.district_code,
        districts.district_name,
        districts.province_name,
        counts.level,
        coalesce(levels.level_name, counts.level) as level_name,
        coalesce(levels.is_covered, false) as is_covered,
        counts.n_services,
        counts.n_sites,
        counts.n_public_services,
        counts.n_bilingual_services,
        counts.n_teachers
    from counts
    left join districts on counts.district_code = districts.district_code
    left join levels on counts.level = levels.level
)

select * from registered
