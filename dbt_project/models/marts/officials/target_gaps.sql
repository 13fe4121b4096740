with
shipped as (select * from {{ ref('targets') }}),
stated as {{ stated_today('target', ['indicator', 'level', 'valid_from']) }},
-- rounded and hidden as they are
indicators as (select * from {{ ref('indicators') }} where department_code = '00'),

goals as (
    select
        coalesce(stated.indicator, shipped.indicator) as indicator,
        coalesce(stated.level, shipped.level) as level,
        coalesce(cast(year(stated.valid_from) as integer), shipped.school_year) as school_year,
        coalesce(stated.target_share, shipped.target_share) as target_share,
        coalesce(stated.basis, shipped.basis) as basis
    from shipped
    full outer join stated
        on
            shipped.indicator = stated.indicator
            and shipped.level = stated.level
            and shipped.school_year = year(stated.valid_from)
),

target_gaps as (
    select
        goals.*,
        indicators.case_share,
        {{ gap('indicators.case_share', 'goals.target_share') }} as gap_to_target,
        {{ is_as_good(
            'goals.indicator', 'indicators.case_share', 'goals.target_share'
        ) }} as is_reached
    from goals
    left join indicators
        on
            goals.indicator = indicators.indicator
            and goals.level = indicators.level
            and goals.school_year = indicators.school_year
)

select * from target_gaps
