with

schools as (
    select * from {{ ref('stg_escale__schools') }}
),

places as (
    select * from {{ ref('int_places__populated') }}
),

districts as (
    select * from {{ ref('stg_inei__districts') }}
    qualify row_number() over (partition by district_code order by known_at desc) = 1
),

feeding as (
    select * from {{ ref('stg_midis__feeding') }}
),

placed as (
    select
        schools.service_code,
        schools.site_code,
        schools.ugel_code,
        left(schools.ugel_code, 2) as department_code,
        schools.district_code,
        schools.level,
        schools.n_pupils,
        schools.n_teachers,
        schools.n_sections,
        schools.is_bilingual,
        schools.latitude,
        schools.longitude,
        places.is_rural,
        places.altitude_m,
        districts.poverty_percent,
        schools.known_at
    from schools
    left join places on schools.populated_place_code = places.populated_place_code
    left join districts on schools.district_code = districts.district_code
),

versions as (
    select
        *,
        lead(known_at, 1, {{ far_future() }}) over (
            partition by service_code order by known_at
        ) as known_until
    from placed
),

fed as (
    -- a ration list counts for its own year, whatever the program is called by then
    select
        versions.*,
        feeding.program as feeding_program,
        feeding.known_at as feeding_known_at
    from versions
    left join feeding
        on
            versions.service_code = feeding.service_code
            and year(versions.known_at) = feeding.program_year
)

select * from fed
where known_until > known_at
