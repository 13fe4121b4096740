with
cases as (select * from {{ ref('int_protection__cases') }} where linkage in ('review', 'unknown')),
provinces as {{ provinces() }},

-- counts only: who may be meant is seen in the vault, by those who may
reviews as (
    select
        left(cases.district_code, 4) as area_code,
        any_value(provinces.province_name) as province_name,
        cases.office,
        cast(count_if(cases.linkage = 'review') as bigint) as n_to_review,
        cast(count_if(cases.linkage = 'unknown') as bigint) as n_without_candidate,
        min(cases.opened_date) as oldest_opened_date
    from cases
    left join provinces on left(cases.district_code, 4) = provinces.area_code
    group by left(cases.district_code, 4), cases.office
)

select * from reviews
