with
groups as (select * from {{ ref('int_indicators__groups') }}),

-- rounded and hidden once, stored, and shown so for ever: see warehouse/disclosure/indicators.py
cells as (select * from {{ source('landing', 'official_groups') }}),
nation as (select * from {{ ref('indicators') }} where department_code = '00'),

gaps as (
    select
        groups.school_year,
        groups.level,
        groups.indicator,
        groups.group_name,
        cells.n_pupils,
        cells.n_cases,
        {{ share('cells.n_cases', 'cells.n_pupils') }} as case_share,
        cast(round({{ share("cells.n_cases", "cells.n_pupils") }} - nation.case_share, 4) as double) as gap_to_all,
        cells.is_hidden
    from groups
    inner join cells
        on
            groups.school_year = cells.school_year
            and groups.level = cells.level
            and groups.indicator = cells.indicator
            and groups.group_name = cells.group_name
    left join nation
        on
            groups.school_year = nation.school_year
            and groups.level = nation.level
            and groups.indicator = nation.indicator
)

select * from gaps
