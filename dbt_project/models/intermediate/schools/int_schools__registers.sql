-- depends_on: {{ ref('departments') }} (built model by model, its test of departments runs too)
with
schools as {{ standing(ref('stg_escale__schools'), by_region=true) }},

versions as (
    select
        service_code,
        school_name,
        site_code,
        populated_place_code,
        ugel_code,
        left(ugel_code, 2) as department_code,
        district_code,
        level,
        n_pupils,
        n_teachers,
        n_sections,
        is_bilingual,
        is_public,
        is_open,
        latitude,
        longitude,
        stood_at as known_at,
        {{ known_until(['service_code']) }} as known_until
    from schools
)

-- one that no longer works ends what was known of it
select {{ without(['is_open']) }} from versions where is_open and known_until > known_at
