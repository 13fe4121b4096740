with
spans as (select * from {{ ref('int_schools__spans') }}),
-- districts as they are called today
places as {{ of_today(ref('dim_place')) }},
populated_places as {{ newest(ref('int_places__populated')) }},

described as (
    select
        {{ version_key('spans.service_code', 'spans.valid_from') }} as school_key,
        spans.service_code,
        spans.is_registered,
        spans.school_name,
        spans.site_code,
        spans.level,
        spans.ugel_code,
        spans.department_code,
        spans.district_code,
        places.place_key,
        populated_places.is_rural,
        spans.is_public,
        spans.is_bilingual,
        spans.latitude,
        spans.longitude,
        spans.valid_from,
        spans.valid_until
    from spans
    left join places on spans.district_code = places.district_code
    left join populated_places
        on spans.populated_place_code = populated_places.populated_place_code
)

select * from described
