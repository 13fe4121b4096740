with
calendar as (select * from {{ source('landing', 'calendar') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }}),
holidays as (select * from {{ ref('int_parameters__holidays') }}),

first_files as (
    select min(cast(period as integer)) as first_year
    from deliveries
    where source = 'siagie.siagie_enrollments' and {{ has_landed() }}
),

-- whole years: from the first of which enrollments came to the year after today's
years as (
    select
        {{ each_number(
            'coalesce(first_files.first_year, year(calendar.today))', 'year(calendar.today) + 1'
        ) }} as school_year
    from calendar
    cross join first_files
),

months as (select {{ each_number(1, 12) }} as month),
month_days as (select {{ each_number(1, 31) }} as day_of_month),

dated as (
    select
        make_date(years.school_year, months.month, month_days.day_of_month) as date_day,
        years.school_year,
        months.month
    from years
    cross join months
    cross join month_days
    where month_days.day_of_month <= day(last_day(make_date(years.school_year, months.month, 1)))
),

described as (
    select
        dated.date_day,
        dated.school_year,
        dated.month,
        {{ day_of_week('dated.date_day') }} as day_of_week,
        dated.month between 3 and 12 as is_school_season,
        holidays.holiday_name,
        {{ day_of_week('dated.date_day') }} <= 5 and holidays.holiday_date is null as is_working_day
    from dated
    left join holidays on dated.date_day = holidays.holiday_date
)

select * from described
