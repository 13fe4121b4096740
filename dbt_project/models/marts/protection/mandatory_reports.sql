with
cases as (select * from {{ ref('int_protection__cases') }}),
calendar as (select * from {{ source('landing', 'calendar') }}),

-- violence is reported by law: how many cases nobody has taken up yet, by how long they wait
reports as (
    select
        left(cases.district_code, 4) as area_code,
        cases.office,
        count(*) filter (where cases.case_state = 'ABIERTO') as n_waiting,
        count(*) filter (where cases.case_state = 'EN ATENCION') as n_attended,
        min(cases.opened_date) filter (where cases.case_state = 'ABIERTO') as oldest_opened_date,
        cast(max({{ days_between('cases.opened_date', 'calendar.today') }}) filter (
            where cases.case_state = 'ABIERTO'
        ) as integer) as waiting_days
    from cases
    cross join calendar
    where cases.is_violence and cases.case_state <> 'CERRADO'
    group by 1, 2
)

select * from reports where area_code is not null
