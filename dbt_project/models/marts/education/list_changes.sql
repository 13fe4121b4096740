with
changes as (select * from {{ ref('int_lists__changes') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
causes as (select * from {{ ref('change_causes') }}),

list_changes as (
    select
        changes.ugel_code,
        changes.as_of_date,
        cast(changes.child_key as string) as child_key,
        pupils.service_code,
        {{ school_name('pupils.service_code') }} as school_name,
        changes.change,
        changes.cause,
        causes.cause_text
    from changes
    inner join causes on changes.change = causes.change and changes.cause = causes.cause
    left join pupils on {{ same_child_and_date('changes', 'pupils') }}
)

select * from list_changes
