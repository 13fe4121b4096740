with
deliveries as (
    select * from {{ source('landing', 'deliveries') }}
    where source = 'siagie.siagie_enrollments' and {{ has_landed() }}
),

-- a file that came late counts from its effective date on
years as (
    select
        cast(period as integer) as file_year,
        delivered_at,
        effective_at
    from deliveries
),

maturity as (
    select
        years.file_year,
        min(years.effective_at) filter (
            where years.delivered_at >= {{ date_of('years.file_year', var('maturity_month_day')) }}
        ) as snapshot_date,
        min(years.effective_at) filter (
            where years.delivered_at
            >= {{ date_of('years.file_year + 1', var('recovery_month_day')) }}
        ) as recovery_date
    from years
    group by years.file_year
),

matured as (
    select
        maturity.file_year as school_year,
        following.snapshot_date as interruption_known_at,
        -- closed schools held no recovery program: then the next snapshot decides
        coalesce(maturity.recovery_date, following.snapshot_date) as repetition_known_at
    from maturity
    left join maturity as following on maturity.file_year + 1 = following.file_year
)

select * from matured
