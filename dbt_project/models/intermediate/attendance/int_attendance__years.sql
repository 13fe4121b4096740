{{ config(materialized='as_of') }}

with

-- 2020 and 2021: schools were closed, «attended» meant another thing
known as {{ known_by_child(ref('int_attendance__months')) }},

counted as (
    select * from known
    where
        school_year between year({{ as_of() }}) - 1 and year({{ as_of() }})
        and school_year not in ({{ var('pandemic_years') | join(', ') }})
),

months as (
    {{ months_of_persons('counted') }}
),

judged as (
    select
        *,
        {{ share('open_days - absence_days', 'open_days') }} as attendance_share,
        {{ is_low_attendance(share('open_days - absence_days', 'open_days')) }} as is_low
    from months
),

years as (
    select
        person_key as child_key,
        {{ as_of() }} as as_of_date,
        school_year,
        cast(count(*) as integer) as n_months,
        cast(sum(open_days) as integer) as open_days,
        cast(sum(absence_days) as integer) as absence_days,
        cast(sum(unjustified_absence_days) as integer) as unjustified_absence_days,
        cast(sum(late_days) as integer) as late_days,
        cast(max_by(open_days, month) as integer) as last_open_days,
        cast(max_by(absence_days, month) as integer) as last_absence_days,
        min(attendance_share) as worst_month_share,
        cast(sum(cast(is_low as integer)) as integer) as n_low_months,
        {{ flags_by_month("is_low") }} as low_months,
        {{ slope('month', 'absence_days') }} as absence_days_slope
    from judged
    group by person_key, school_year
),

with_runs as (
    select
        child_key,
        as_of_date,
        school_year,
        n_months,
        open_days,
        absence_days,
        unjustified_absence_days,
        late_days,
        last_open_days,
        last_absence_days,
        worst_month_share,
        n_low_months,
        {{ longest_run("low_months", 10) }} as longest_low_run_months,
        absence_days_slope
    from years
)

select * from with_runs
