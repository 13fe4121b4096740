with
calendar as (select * from {{ source('landing', 'calendar') }}),
shipped as (select * from {{ ref('targets') }}),
parameters as (select * from {{ ref('stg_home__parameters') }}),
-- rounded and hidden as they are
indicators as (select * from {{ ref('indicators') }} where department_code = '00'),

-- what the home says of a goal and is known today, as stated last
stated as (
    select
        parameters.indicator,
        parameters.level,
        cast(year(parameters.valid_from) as integer) as school_year,
        parameters.target_share,
        parameters.basis
    from parameters
    inner join calendar on {{ was_known('parameters', 'calendar.today') }}
    where parameters.kind = 'target'
    qualify row_number() over (
        partition by parameters.indicator, parameters.level, parameters.valid_from
        order by parameters.parameter_number desc
    ) = 1
),

goals as (
    select
        coalesce(stated.indicator, shipped.indicator) as indicator,
        coalesce(stated.level, shipped.level) as level,
        coalesce(stated.school_year, shipped.school_year) as school_year,
        coalesce(stated.target_share, shipped.target_share) as target_share,
        coalesce(stated.basis, shipped.basis) as basis
    from shipped
    full outer join stated
        on
            shipped.indicator = stated.indicator
            and shipped.level = stated.level
            and shipped.school_year = stated.school_year
),

target_gaps as (
    select
        goals.indicator,
        goals.level,
        goals.school_year,
        goals.target_share,
        goals.basis,
        indicators.case_share,
        {{ gap('indicators.case_share', 'goals.target_share') }} as gap_to_target
    from goals
    left join indicators
        on
            goals.indicator = indicators.indicator
            and goals.level = indicators.level
            and goals.school_year = indicators.school_year
)

select * from target_gaps
