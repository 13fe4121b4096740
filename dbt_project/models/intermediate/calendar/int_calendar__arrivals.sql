with
deliveries as (
    select
        file,
        cast(period as integer) as file_year,
        delivered_at,
        effective_at -- a file that came late counts from its effective date on
    from {{ source('landing', 'deliveries') }}
    where source = 'siagie.siagie_enrollments' and {{ has_landed() }}
),

-- what each kind of end needs: a delivery from a day on
ends as (
    select
        file_year,
        'snapshot' as kind,
        {{ date_of('file_year', var('maturity_month_day')) }} as needed_from
    from deliveries
    union
    select
        file_year,
        'recovery' as kind,
        {{ date_of('file_year + 1', var('recovery_month_day')) }} as needed_from
    from deliveries
),

arrived as (
    select
        ends.file_year,
        ends.kind,
        deliveries.file,
        deliveries.effective_at,
        deliveries.delivered_at >= ends.needed_from as is_needed
    from ends
    inner join deliveries on ends.file_year = deliveries.file_year
)

select * from arrived
