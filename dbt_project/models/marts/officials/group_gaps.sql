with
groups as (select * from {{ ref('int_indicators__groups') }}),
departments as (select * from {{ ref('departments') }}),

-- rounded and hidden once, and shown so for ever: see warehouse/publish/disclosure/indicators.py
of_nation as (select * from {{ source('landing', 'official_groups') }}),
of_departments as (select * from {{ source('landing', 'official_department_groups') }}),
of_ugels as (select * from {{ source('landing', 'official_ugel_groups') }}),

cells as (
    {{ stacked(['school_year', 'department_code', 'ugel_code', 'level', 'indicator', 'group_name',
        'n_pupils', 'n_cases', 'is_hidden'], {
        'of_nation': {'department_code': "'00'", 'ugel_code': 'null'},
        'of_departments': {'ugel_code': 'null'}, 'of_ugels': {},
    }) }}
),

everybody as (
    {{ stacked(['school_year', 'department_code', 'ugel_code', 'level', 'indicator', 'case_share'],
        {ref('indicators') | string: {'ugel_code': 'null'}, ref('ugel_indicators') | string: {}}) }}
),

gaps as (
    select
        groups.school_year,
        coalesce(groups.ugel_code, groups.department_code) as place_code,
        coalesce('UGEL ' || groups.ugel_code, departments.department_name, 'Perú') as place_name,
        if(
            groups.ugel_code is null,
            nullif('00', groups.department_code),
            groups.department_code
        ) as whole_code,
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
            and groups.ugel_code is not distinct from cells.ugel_code
            and groups.level = cells.level
            and groups.indicator = cells.indicator
            and groups.group_name = cells.group_name
    left join everybody
        on
            groups.school_year = everybody.school_year
            and groups.department_code = everybody.department_code
            and groups.ugel_code is not distinct from everybody.ugel_code
            and groups.level = everybody.level
            and groups.indicator = everybody.indicator
    left join departments on groups.department_code = departments.department_code
    where groups.ugel_code is distinct from '{{ var("no_district") }}'
),

-- women to men, and rural to urban: of shown shares alone
parities as (
    select
        *,
        {% set cell = ['school_year', 'place_code', 'level', 'indicator'] %}
        case_share / nullif(case group_name
            when 'sex=mujer'
                then {{ share_where('case_share', "group_name = 'sex=varón'", cell) }}
            when 'area=rural'
                then {{ share_where('case_share', "group_name = 'area=urban'", cell) }}
        end, 0) as parity
    from gaps
),

rounded as (
    select
        {{ without(['parity']) }},
        {{ rounded('parity', 3) }} as parity_index
    from parities
)

select * from rounded
