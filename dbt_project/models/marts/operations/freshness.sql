with
sources as (
    select
        delivered.source,
        delivered.domain,
        delivered.expected_days
    from (values {{ delivered_sources() }}) as delivered (source, domain, expected_days)
),

deliveries as (select * from {{ source('landing', 'deliveries') }} where {{ has_landed() }}),
calendar as (select * from {{ source('landing', 'calendar') }}),

last_deliveries as (
    select
        source,
        count(*) as n_deliveries,
        max(delivered_at) as last_delivered_at
    from deliveries
    group by source
),

freshness as (
    select
        sources.source,
        sources.domain,
        coalesce(last_deliveries.n_deliveries, 0) as n_deliveries,
        last_deliveries.last_delivered_at,
        sources.expected_days,
        {{ whole_days('last_deliveries.last_delivered_at', 'calendar.today') }} as age_days,
        -- what never came has no term yet: not every home has every source
        coalesce(
            {{ days_between('last_deliveries.last_delivered_at', 'calendar.today') }}
            > sources.expected_days,
            false
        ) as is_late
    from sources
    cross join calendar
    left join last_deliveries on sources.source = last_deliveries.source
)

select * from freshness
