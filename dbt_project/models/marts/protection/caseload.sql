with

demuna as (
    select * from {{ ref('stg_protection__demuna_cases') }}
),

cem as (
    select * from {{ ref('stg_protection__cem_cases') }}
),

upe as (
    select * from {{ ref('stg_protection__upe_cases') }}
),

calendar as (
    select * from {{ source('landing', 'calendar') }}
),

cases as (
    select * from demuna
    union all
    select * from cem
    union all
    select * from upe
),

-- a known violation is reported by law and never ranked: the queue is in order of waiting
caseload as (
    select
        left(cases.district_code, 4) as area_code,
        cases.office,
        cases.case_key,
        cast(cases.child_key as varchar) as child_key,
        cases.child_key is not null as is_linked,
        cases.reason,
        cases.case_state,
        cases.opened_date,
        cast({{ days_between('cases.opened_date', 'calendar.today') }} as integer) as waiting_days
    from cases
    cross join calendar
    where cases.case_state <> 'CERRADO'
)

select * from caseload
