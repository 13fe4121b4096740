with
quarantined as (select * from {{ source('quarantine', 'rows') }}),
protection as (
    {{ sources_in('protection') }}
),

counted as (
    select
        source,
        file,
        coalesce(column_name, '(line)') as column_name,
        reason,
        cast(count(*) as bigint) as n_rows
    from quarantined
    group by source, file, coalesce(column_name, '(line)'), reason
),

reasons as (
    select
        counted.source,
        counted.file,
        counted.column_name,
        counted.reason,
        case
            when counted.source in (select protection.source from protection)
                then {{ told_count('counted.n_rows') }}
            else counted.n_rows
        end as n_rows
    from counted
)

select * from reasons
