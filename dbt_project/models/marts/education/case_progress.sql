with
cases as (select * from {{ ref('cases') }}),

progress as (
    select
        ugel_code,
        school_year,
        matter,
        count(*) as n_cases,
        count(assigned_on) as n_assigned,
        count(contacted_on) as n_contacted,
        count(served_on) as n_served,
        count(dismissed_on) as n_dismissed,
        cast(count_if(case_state in ('cerrado', 'descartado')) as bigint) as n_closed,
        {{ share('count(contacted_on)', 'count(*)') }} as contacted_share,
        cast(median(days_to_contact) as double) as median_days_to_contact
    from cases
    group by ugel_code, school_year, matter
)

select * from progress
