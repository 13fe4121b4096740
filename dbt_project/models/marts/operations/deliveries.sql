with
ledger as (select * from {{ source('landing', 'deliveries') }}),

deliveries as (
    select
        file,
        source,
        period,
        status,
        delivered_rows,
        accepted_rows,
        quarantined_rows,
        reason,
        delivered_at,
        landed_at
    from ledger
)

select * from deliveries
