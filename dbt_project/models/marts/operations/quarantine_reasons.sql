with
quarantined as (select * from {{ source('quarantine', 'rows') }}),

reasons as (
    select
        source,
        file,
        coalesce(column_name, '(line)') as column_name,
        reason,
        cast(count(*) as bigint) as n_rows
    from quarantined
    group by source, file, coalesce(column_name, '(line)'), reason
)

select * from reasons
