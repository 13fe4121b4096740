with
withheld as (select * from {{ source('landing', 'withheld') }}),
departments as (select * from {{ ref('departments') }}),

-- which month of which department cannot be believed; how many rows came is left out
periods as (
    select
        withheld.source,
        make_date(
            cast(left(withheld.period, 4) as integer),
            coalesce(try_cast(substr(withheld.period, 5, 2) as integer), 1),
            1
        ) as period_start,
        withheld.region as department_code,
        coalesce(departments.department_name, withheld.region) as department_name,
        max(withheld.known_at) as withheld_on,
        bool_or(withheld.resolved_at is null) as is_missing
    from withheld
    left join departments on withheld.region = departments.department_code
    group by 1, 2, 3, 4
)

select * from periods
