with
freshness as (select * from {{ ref('freshness') }}),
jumps as (select * from {{ ref('int_deliveries__quarantined_shares') }}),
task_runs as (select * from {{ ref('task_runs') }}),
drift as (select * from {{ ref('drift') }} qualify checked_on = max(checked_on) over ()),
performance as (select * from {{ ref('model_performance') }}),
thresholds as (select * from {{ ref('alert_thresholds') }}),

pupils as (
    select pupils.* from {{ ref('int_pupils__as_of') }} as pupils
    where pupils.as_of_date = (
        select max(dates.as_of_date) from {{ ref('int_calendar__as_of_dates') }} as dates
    )
),

-- of dbt's tests only the failed are noted, and what failed was mended before this is published
last_tries as (
    select *
    from task_runs
    where dag_id <> 'dbt'
    qualify row_number() over (
        partition by dag_id, task_id order by started_at desc, try_number desc
    ) = 1
),

-- how far what came is from what was announced, in either direction: 1 is as announced
calibration as (
    select greatest(value, 1 / nullif(value, 0)) as ratio
    from performance
    where
        is_live and dataset like 'test_%' and segment = 'all'
        and metric = 'observed_over_expected_at_capacity'
),

levels as (
    select
        'late_sources' as alert,
        cast(count(*) as double) as value,
        {{ joined_text('source', ', ', 'source') }} as place
    from freshness
    where is_late
    union all
    select
        'quarantine_jump' as alert,
        greatest(coalesce(max(newest_share - earlier_share), 0), 0) as value,
        max_by(source, (newest_share - earlier_share, source)) filter (
            where newest_share > earlier_share
        ) as place
    from jumps
    union all
    select
        'failed_tasks' as alert,
        cast(count(*) as double) as value,
        {{ joined_text("dag_id || '.' || task_id", ', ', 'dag_id, task_id') }} as place
    from last_tries
    where state = 'failed'
    union all
    select
        'drift' as alert,
        cast(count(*) as double) as value,
        {{ joined_text('distinct feature', ', ', 'feature') }} as place
    from drift
    where is_exceeded
    union all
    select
        'calibration' as alert,
        coalesce(max(ratio), 1) as value,
        null as place
    from calibration
    union all
    select
        'pupils_of_no_office' as alert,
        -- to the nearest five, and of few only that there are some: ten stands for one to twelve
        case
            when count(*) = 0 then 0
            else cast(greatest(5 * round(count(*) / 5.0), {{ var('smallest_shown') }}) as double)
        end as value,
        null as place
    from pupils
    where ugel_code is null -- no register names their school: no list can name them
),

alert_levels as (
    select
        thresholds.alert,
        levels.value,
        thresholds.threshold,
        levels.value > thresholds.threshold as is_raised,
        -- a message has one line for it
        left(coalesce(levels.place, 'todo el país'), 200) as place,
        thresholds.watched
    from thresholds
    left join levels on thresholds.alert = levels.alert
)

select * from alert_levels
