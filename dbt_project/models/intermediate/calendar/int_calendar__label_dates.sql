with
completeness as (select * from {{ ref('int_calendar__completeness') }}),

-- from when on a kind of end is known, null while a region lacks its schools
reached as (
    select
        file_year,
        kind,
        case
            when n_regions is null then first_on
            when n_complete = n_regions and first_on is not null
                then greatest(complete_on, first_on)
        end as ended_on
    from completeness
),

ended as (
    select
        file_year,
        max(case when kind = 'snapshot' then ended_on end) as snapshot_date,
        max(case when kind = 'recovery' then ended_on end) as recovery_date
    from reached
    group by 1
),

matured as (
    select
        ended.file_year as school_year,
        following.snapshot_date as interruption_known_at,
        -- the first of the two that is known: closed schools held no recovery program, and one that
        -- is told after the next snapshot makes no final result provisional again
        least(ended.recovery_date, following.snapshot_date) as repetition_known_at
    from ended
    left join ended as following on ended.file_year + 1 = following.file_year
)

select * from matured
