with
topics as (select * from {{ ref('topics') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }} where status = 'landed'),

delivered as (
    select
        source,
        max(delivered_at) as last_delivered_at
    from deliveries
    group by source
),

-- the figures of a school year are published in the year after it
published as (
    select
        topics.source,
        {{ each_number('topics.first_year', 'year(' ~ today() ~ ') - 2') }} as school_year
    from topics
    where topics.first_year is not null
),

missing as (
    select
        published.source,
        {{ joined_text('cast(published.school_year as string)', ', ', 'published.school_year') }}
            as school_years
    from published
    left join deliveries
        on
            published.source = deliveries.source
            and left(deliveries.period, 4) = cast(published.school_year as string)
    where deliveries.source is null
    group by published.source
),

-- what needs a source that nobody delivered is said to be missing, not shown as 0
availability as (
    select
        topics.topic,
        topics.topic_name,
        topics.source,
        delivered.source is not null as is_available,
        delivered.last_delivered_at,
        case
            when delivered.source is null then topics.missing_text
            when missing.source is not null
                then concat('Faltan los años ', missing.school_years, '.')
        end as missing_text
    from topics
    left join delivered on topics.source = delivered.source
    left join missing on topics.source = missing.source
)

select * from availability
