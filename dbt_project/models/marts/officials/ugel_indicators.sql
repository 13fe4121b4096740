with
april as (select * from {{ ref('int_indicators__counts') }} where ugel_code is not null),

october as (
    select * from {{ ref('int_indicators__services') }}
    where indicator = 'low_attendance' and ugel_code is not null
),

counts as (
    select * from april
    union all
    select {{ without(['as_of_date']) }} from october
),

-- rounded and hidden once, stored, and shown so for ever: see warehouse/publish/disclosure/parts.py
cells as (select * from {{ source('landing', 'official_ugels') }}),
of_departments as (select * from {{ ref('indicators') }}),
of_nation as (select * from {{ ref('indicators') }} where department_code = '00'),
departments as (select * from {{ ref('departments') }}),
places as (select * from {{ ref('int_places__ugels') }}),
alike as (select * from {{ ref('int_places__similar_ugels') }}),

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
),

-- a mean of shown shares; of two or fewer it would be theirs
means as (
    select
        alike.ugel_code,
        indicators.school_year,
        indicators.level,
        indicators.indicator,
        avg(indicators.case_share) as case_share
    from alike
    inner join indicators on alike.similar_ugel_code = indicators.ugel_code
    where indicators.case_share is not null
    group by alike.ugel_code, indicators.school_year, indicators.level, indicators.indicator
    having count(*) >= 3
),

compared as (
    select
        indicators.*,
        {{ gap('indicators.case_share', of_last_year('indicators.case_share', [
            'indicators.department_code', 'indicators.ugel_code', 'indicators.level',
            'indicators.indicator',
        ], 'indicators.school_year')) }} as gap_to_last_year,
        {{ gap('indicators.case_share', 'means.case_share') }} as gap_to_similar
    from indicators
    left join means
        on
            indicators.ugel_code = means.ugel_code
            and indicators.school_year = means.school_year
            and indicators.level = means.level
            and indicators.indicator = means.indicator
)

select * from compared where ugel_code <> '{{ var("no_district") }}'
