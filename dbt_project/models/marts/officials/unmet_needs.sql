with
counts as (
    select * from {{ ref('int_indicators__services') }}
    where indicator <> 'low_attendance' and ugel_code is null
),

-- rounded and hidden once, and shown so for ever: see warehouse/publish/disclosure/indicators.py
cells as (select * from {{ source('landing', 'official_cells') }}),
departments as (select * from {{ ref('departments') }}),

services as (select * from {{ ref('services') }}),

needs as (
    select
        counts.school_year,
        counts.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        counts.level,
        counts.indicator as support_code,
        services.service_name,
        cells.n_pupils as n_in_need,
        cells.n_cases as n_unmet,
        {{ share('cells.n_pupils - cells.n_cases', 'cells.n_pupils') }} as coverage_share,
        cells.is_hidden
    from counts
    inner join cells
        on
            counts.school_year = cells.school_year
            and counts.department_code = cells.department_code
            and counts.level = cells.level
            and counts.indicator = cells.indicator
    -- programs are renamed: each year tells the name of its own
    inner join services
        on
            counts.indicator = services.support_code
            and counts.as_of_date >= services.valid_from
            and counts.as_of_date < services.valid_until
    left join departments on counts.department_code = departments.department_code
)

select * from needs
