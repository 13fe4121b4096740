with
topics as (select * from {{ ref('topics') }}),

delivered as (
    select
        source,
        max(delivered_at) as last_delivered_at
    from {{ source('landing', 'deliveries') }}
    where status = 'landed'
    group by source
),

-- what needs a source that nobody delivered is said to be missing, not shown as nought
availability as (
    select
        topics.topic,
        topics.topic_name,
        topics.source,
        delivered.source is not null as is_available,
        delivered.last_delivered_at,
        case when delivered.source is null then topics.missing_text end as missing_text
    from topics
    left join delivered on topics.source = delivered.source
)

select * from availability
