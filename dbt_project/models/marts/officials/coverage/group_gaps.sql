with
groups as (select * from {{ ref('int_indicators__groups') }}),

-- rounded and hidden once, stored, and shown so for ever: see warehouse/disclosure/indicators.py
of_nation as (select * from {{ source('landing', 'official_groups') }}),
of_departments as (select * from {{ source('landing', 'official_department_groups') }}),
everybody as (select * from {{ ref('indicators') }}),
departments as (select * from {{ ref('departments') }}),

cells as (
    select
        school_year,
        '00' as department_code,
        level,
        indicator,
        group_name,
        n_pupils,
        n_cases,
        is_hidden
    from of_nation
    union all
    select * exclude (decided_on) from of_departments
),

gaps as (
    select
        groups.school_year,
        groups.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        groups.level,
        groups.indicator,
        groups.group_name,
        cells.n_pupils,
        cells.n_cases,
        {{ share('cells.n_cases', 'cells.n_pupils') }} as case_share,
        {{ gap(share('cells.n_cases', 'cells.n_pupils'), 'everybody.case_share') }} as gap_to_all,
        cells.is_hidden
    from groups
    inner join cells
        on
            groups.school_year = cells.school_year
            and groups.department_code = cells.department_code
            and groups.level = cells.level
            and groups.indicator = cells.indicator
            and groups.group_name = cells.group_name
    left join everybody
        on
            groups.school_year = everybody.school_year
            and groups.department_code = everybody.department_code
            and groups.level = everybody.level
            and groups.indicator = everybody.indicator
    left join departments on groups.department_code = departments.department_code
)

select * from gaps
