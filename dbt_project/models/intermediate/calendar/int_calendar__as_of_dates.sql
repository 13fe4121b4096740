with
calendar as (select * from {{ source('landing', 'calendar') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }}),
closed_dates as (select * from {{ source('landing', 'closed_dates') }}),

school_years as (
    select
        cast(period as integer) as school_year,
        min(delivered_at) as first_delivered_at
    from deliveries
    where
        source = 'siagie.siagie_enrollments'
        and {{ has_landed() }}
        and deleted_on is null -- a year whose time is over comes back on no date
    group by period
),

months as (
    select {{ each_number(3, 12) }} as school_month
),

month_ends as (
    select
        school_years.school_year,
        school_years.first_delivered_at,
        months.school_month,
        last_day(make_date(school_years.school_year, months.school_month, 1))
            as as_of_date
    from school_years
    cross join months
),

due as (
    -- three dates of a past school year, every month's end of the current one
    select month_ends.as_of_date
    from month_ends
    cross join calendar
    where
        month_ends.as_of_date between month_ends.first_delivered_at and calendar.today
        and (month_ends.school_year = year(calendar.today) or month_ends.school_month in (4, 7, 10))
),

kept as (
    select as_of_date from due
    union
    select as_of_date from closed_dates
),

placed as (
    select
        kept.as_of_date,
        year(kept.as_of_date) = year(calendar.today) as is_current
    from kept
    cross join calendar
)

select * from placed
