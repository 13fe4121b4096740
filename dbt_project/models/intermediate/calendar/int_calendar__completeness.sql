with
arrived as (select * from {{ ref('int_calendar__arrivals') }}),
covered as (select * from {{ ref('int_enrollments__covered') }}),

-- a year covers the schools that the year before covered; recovery those whose pupils await it
expected as (
    select
        arrived.file_year + cast(arrived.kind = 'snapshot' as integer) as file_year,
        arrived.kind,
        covered.service_code,
        max(covered.region) as region
    from arrived
    inner join covered on arrived.file = covered._file
    where arrived.kind = 'snapshot' or (not arrived.is_needed and covered.awaits_recovery)
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

-- once nearly all have told, of few all but two; who has no region is waited for only if all are so
regions as (
    select
        file_year,
        kind,
        region,
        min(told_at) filter (
            where n_told >= {{ complete_share() }} * n_services
            or (n_told >= n_services - 2 and 2 * n_told >= n_services)
        ) as complete_on
    from reached
    group by 1, 2, 3
    qualify region <> '' or max(region) over (partition by file_year, kind) = ''
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

joined as (
    select
        first_needed.file_year,
        first_needed.kind,
        first_needed.first_on,
        complete.n_regions,
        complete.n_complete,
        complete.complete_on
    from first_needed
    left join complete
        on first_needed.file_year = complete.file_year and first_needed.kind = complete.kind
)

select * from joined
