with
deliveries as (select * from {{ source('landing', 'deliveries') }} where {{ has_landed() }}),

-- an alert names source and share: of protection as operations may learn them
told as (
    {{ with_told_rows('deliveries') }}
),

shares as (
    select
        source,
        told_quarantined_rows
        / cast(nullif(told_accepted_rows + told_quarantined_rows, 0) as double)
            as quarantined_share,
        row_number() over (
            partition by source order by delivered_at desc, landed_at desc, file desc
        ) as newest_first
    from told
),

-- a source's newest delivery against what it delivered before: some rows are always in quarantine
compared as (
    select
        source,
        max(case when newest_first = 1 then quarantined_share end) as newest_share,
        avg(case when newest_first > 1 then quarantined_share end) as earlier_share
    from shares
    group by source
)

select * from compared
