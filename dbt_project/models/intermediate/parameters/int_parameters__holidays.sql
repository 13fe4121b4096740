with
shipped as (select * from {{ ref('holidays') }}),
stated as {{ stated_today('holiday', ['valid_from']) }},

holidays as (
    select
        coalesce(stated.valid_from, shipped.holiday_date) as holiday_date,
        coalesce(stated.holiday_name, shipped.holiday_name) as holiday_name
    from shipped
    full outer join stated on shipped.holiday_date = stated.valid_from
    where coalesce(stated.is_holiday, true)
)

select * from holidays
