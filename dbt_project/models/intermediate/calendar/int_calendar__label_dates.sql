with
covered as (select * from {{ ref('int_enrollments__covered') }}),

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
),

-- a year covers the schools that the year before covered; recovery those whose pupils await it
expected as (
    select
        arrived.file_year + 1 as file_year,
        arrived.kind,
        covered.service_code,
        max(covered.region) as region
    from arrived
    inner join covered on arrived.file = covered._file
    where arrived.kind = 'snapshot'
    group by 1, 2, 3
    union all
    select
        arrived.file_year,
        arrived.kind,
        covered.service_code,
        max(covered.region) as region
    from arrived
    inner join covered on arrived.file = covered._file
    where arrived.kind = 'recovery' and not arrived.is_needed and covered.awaits_recovery
    group by 1, 2, 3
),

told as (
    select
        arrived.file_year,
        arrived.kind,
        covered.service_code,
        min(arrived.effective_at) as told_at
    from arrived
    inner join covered on arrived.file = covered._file
    where arrived.kind = 'snapshot' or arrived.is_needed
    group by 1, 2, 3
),

reached as (
    select
        expected.file_year,
        expected.kind,
        expected.region,
        told.told_at,
        count(*) over (partition by expected.file_year, expected.kind, expected.region)
            as n_services,
        count(told.told_at) over (
            partition by expected.file_year, expected.kind, expected.region
            order by told.told_at nulls last
            range between unbounded preceding and current row
        ) as n_told
    from expected
    left join told
        on
            expected.file_year = told.file_year
            and expected.kind = told.kind
            and expected.service_code = told.service_code
),

-- a region is complete from the day on which nearly all its schools have told; where it has few,
-- one or two that closed are not the share that counts
regions as (
    select
        file_year,
        kind,
        region,
        min(
            case
                when
                    n_told >= {{ complete_share() }} * n_services
                    or (n_told >= n_services - 2 and 2 * n_told >= n_services)
                    then told_at
            end
        ) as complete_on
    from reached
    group by 1, 2, 3
),

complete as (
    select
        file_year,
        kind,
        count(*) as n_regions,
        count(complete_on) as n_complete,
        max(complete_on) as complete_on
    from regions
    group by 1, 2
),

-- where nothing came before, there is nothing to compare with: the first delivery ends it
first_needed as (
    select
        file_year,
        kind,
        min(case when is_needed then effective_at end) as first_on
    from arrived
    group by 1, 2
),

ended as (
    select
        first_needed.file_year,
        max(case when first_needed.kind = 'snapshot' then {{ end_of('complete', 'first_needed') }} end)
            as snapshot_date,
        max(case when first_needed.kind = 'recovery' then {{ end_of('complete', 'first_needed') }} end)
            as recovery_date
    from first_needed
    left join complete
        on first_needed.file_year = complete.file_year and first_needed.kind = complete.kind
    group by 1
),

matured as (
    select
        ended.file_year as school_year,
        following.snapshot_date as interruption_known_at,
        -- closed schools held no recovery program: then the next snapshot decides
        coalesce(ended.recovery_date, following.snapshot_date) as repetition_known_at
    from ended
    left join ended as following on ended.file_year + 1 = following.file_year
)

select * from matured
