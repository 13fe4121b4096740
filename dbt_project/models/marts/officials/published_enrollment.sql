with
counts as (select * from {{ ref('int_ministry__districts') }}),

-- rounded and hidden once, and shown so for ever: see warehouse/publish/disclosure/published.py
cells as (select * from {{ source('landing', 'official_districts') }}),
districts as {{ newest(ref('int_places__districts')) }},

enrollment as (
    select
        cells.school_year,
        cells.district_code,
        districts.district_name,
        districts.province_name,
        cells.level,
        counts.n_services,
        cells.n_pupils,
        cells.n_withdrawn,
        {{ share('cells.n_withdrawn', 'cells.n_pupils') }} as withdrawn_share,
        cells.n_over_age,
        {{ share('cells.n_over_age', 'cells.n_pupils') }} as over_age_share
    from counts
    inner join cells
        on
            counts.school_year = cells.school_year
            and counts.district_code = cells.district_code
            and counts.level = cells.level
    left join districts on cells.district_code = districts.district_code
)

select * from enrollment
