with
april as (select * from {{ ref('int_indicators__counts') }} where ugel_code is not null),

october as (
    select * from {{ ref('int_indicators__services') }}
    where indicator = 'low_attendance' and ugel_code is not null
),

counts as (
    select * from april
    union all by name
    select * from october
),

-- rounded and hidden once, stored, and shown so for ever: see warehouse/publish/disclosure/parts.py
cells as (select * from {{ source('landing', 'official_ugels') }}),
of_departments as (select * from {{ ref('indicators') }}),
of_nation as (select * from {{ ref('indicators') }} where department_code = '00'),
departments as (select * from {{ ref('departments') }}),
places as (select * from {{ ref('int_places__ugels') }}),

indicators as (
    select
        counts.school_year,
        counts.department_code,
        departments.department_name,
        counts.ugel_code,
        counts.level,
        counts.indicator,
        places.latitude,
        places.longitude,
        cells.n_pupils,
        cells.n_cases,
        {{ share('cells.n_cases', 'cells.n_pupils') }} as case_share,
        {{ gap(share('cells.n_cases', 'cells.n_pupils'), 'of_departments.case_share') }}
            as gap_to_department,
        {{ gap(share('cells.n_cases', 'cells.n_pupils'), 'of_nation.case_share') }}
            as gap_to_nation,
        cells.is_hidden
    from counts
    inner join cells
        on
            counts.school_year = cells.school_year
            and counts.department_code = cells.department_code
            and counts.ugel_code = cells.ugel_code
            and counts.level = cells.level
            and counts.indicator = cells.indicator
    left join of_departments
        on
            counts.school_year = of_departments.school_year
            and counts.department_code = of_departments.department_code
            and counts.level = of_departments.level
            and counts.indicator = of_departments.indicator
    left join of_nation
        on
            counts.school_year = of_nation.school_year
            and counts.level = of_nation.level
            and counts.indicator = of_nation.indicator
    inner join departments on counts.department_code = departments.department_code
    left join places on counts.ugel_code = places.ugel_code
)

select * from indicators where ugel_code <> '{{ var("no_district") }}'
