with
ledger as (select * from {{ source('landing', 'deliveries') }}),

-- a file of few cases is told without its numbers: who sends it and when would name the children
told as (
    {{ with_told_rows('ledger') }}
),

deliveries as (
    select
        file,
        source,
        period,
        status,
        told_accepted_rows + told_quarantined_rows as delivered_rows,
        told_accepted_rows as accepted_rows,
        told_quarantined_rows as quarantined_rows,
        reason,
        delivered_at,
        landed_at
    from told
)

select * from deliveries
