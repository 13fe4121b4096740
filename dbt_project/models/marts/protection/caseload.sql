with
cases as (select * from {{ ref('int_protection__cases') }}),
deadlines as (select * from {{ ref('int_protection__deadlines') }}),
calendar as (select * from {{ source('landing', 'calendar') }}),

-- a known violation is reported by law and never ranked: the queue is in order of waiting
caseload as (
    select
        left(cases.district_code, 4) as area_code,
        {{ province_name('left(cases.district_code, 4)') }} as province_name,
        cases.office,
        cases.case_key,
        cast(cases.child_key as string) as child_key,
        cases.linkage,
        cases.link_probability,
        cases.reason,
        cases.is_violence,
        cases.case_state,
        cases.opened_date,
        {{ whole_days('cases.opened_date', 'calendar.today') }} as waiting_days,
        deadlines.working_days,
        deadlines.basis as deadline_basis,
        deadlines.due_on
    from cases
    cross join calendar
    left join deadlines on cases.case_key = deadlines.case_key
    where cases.case_state <> 'CERRADO'
)

select * from caseload
