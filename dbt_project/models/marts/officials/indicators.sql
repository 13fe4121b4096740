with
april as (select * from {{ ref('int_indicators__counts') }} where ugel_code is null),

october as (
    select * from {{ ref('int_indicators__services') }}
    where indicator = 'low_attendance' and ugel_code is null
),

counts as (
    select * from april
    union all
    select {{ without(['as_of_date']) }} from october
),

-- rounded and hidden once, and shown so for ever: see warehouse/publish/disclosure/indicators.py
cells as (select * from {{ source('landing', 'official_cells') }}),
departments as (select * from {{ ref('departments') }}),

shares as (
    select
        counts.school_year,
        counts.department_code,
        coalesce(departments.department_name, 'Perú') as department_name,
        counts.level,
        counts.indicator,
        cells.n_pupils,
        cells.n_cases,
        {{ share('cells.n_cases', 'cells.n_pupils') }} as case_share,
        cells.is_hidden
    from counts
    inner join cells
        on
            counts.school_year = cells.school_year
            and counts.department_code = cells.department_code
            and counts.level = cells.level
            and counts.indicator = cells.indicator
    left join departments on counts.department_code = departments.department_code
),

-- of what is shown and of nothing else, so that it tells nothing more
indicators as (
    select
        *,
        {{ gap('case_share', of_last_year(
            'case_share', ['department_code', 'level', 'indicator']
        )) }} as gap_to_last_year,
        case
            when department_code <> '00'
                then {{ gap('case_share', share_where(
                    'case_share', "department_code = '00'", ['school_year', 'level', 'indicator']
                )) }}
        end as gap_to_nation
    from shares
)

select * from indicators
