with
counts as (select * from {{ ref('int_ministry__dropouts') }}),

-- rounded and hidden once, and shown so for ever: see warehouse/publish/disclosure/published.py
cells as (select * from {{ source('landing', 'official_districts') }} where level = '*'),
districts as {{ newest(ref('int_places__districts')) }},

dropout as (
    select
        cells.school_year,
        cells.district_code,
        districts.district_name,
        districts.province_name,
        cells.n_pupils,
        cells.n_dropouts,
        {{ share('cells.n_dropouts', 'cells.n_pupils') }} as dropout_share
    from counts
    inner join cells
        on counts.school_year = cells.school_year and counts.district_code = cells.district_code
    left join districts on cells.district_code = districts.district_code
)

select * from dropout
