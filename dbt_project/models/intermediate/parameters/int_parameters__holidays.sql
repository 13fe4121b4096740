with
calendar as (select * from {{ source('landing', 'calendar') }}),
shipped as (select * from {{ ref('holidays') }}),
parameters as (select * from {{ ref('stg_home__parameters') }}),

-- what the home says of a day and is known today, as stated last
stated as (
    select
        parameters.valid_from as holiday_date,
        parameters.is_holiday,
        parameters.holiday_name
    from parameters
    inner join calendar on {{ was_known('parameters', 'calendar.today') }}
    where parameters.kind = 'holiday'
    qualify row_number() over (
        partition by parameters.valid_from
        order by parameters.parameter_number desc
    ) = 1
),

holidays as (
    select
        coalesce(stated.holiday_date, shipped.holiday_date) as holiday_date,
        coalesce(stated.holiday_name, shipped.holiday_name) as holiday_name
    from shipped
    full outer join stated on shipped.holiday_date = stated.holiday_date
    where coalesce(stated.is_holiday, true)
)

select * from holidays
