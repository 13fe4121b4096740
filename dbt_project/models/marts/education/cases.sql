with
opened as (select * from {{ ref('int_cases__opened') }}),
states as (select * from {{ ref('int_cases__states') }}),
calendar as (select * from {{ source('landing', 'calendar') }}),

cases as (
    select
        opened.ugel_code,
        cast(opened.child_key as string) as child_key,
        cast(opened.school_year as integer) as school_year,
        opened.matter,
        opened.listed_on,
        states.assigned_on,
        states.contacted_on,
        states.served_on,
        states.support_code,
        states.dismissed_on,
        states.dismissed_reason,
        states.closed_on,
        coalesce(states.case_state, 'listado') as case_state,
        {{ whole_days('opened.listed_on', 'calendar.today') }} as days_since_listed,
        {{ whole_days('opened.listed_on', 'states.contacted_on') }} as days_to_contact
    from opened
    cross join calendar
    left join states
        on
            opened.child_key = states.child_key
            and opened.school_year = states.school_year
            and opened.matter = states.matter
)

select * from cases
