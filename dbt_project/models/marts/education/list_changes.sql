with
changes as (select * from {{ ref('int_lists__changes') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
causes as (select * from {{ ref('change_causes') }}),
schools as {{ school_names() }},

list_changes as (
    select
        changes.ugel_code,
        changes.as_of_date,
        cast(changes.child_key as varchar) as child_key,
        pupils.service_code,
        schools.school_name,
        changes.change,
        changes.cause,
        causes.cause_text
    from changes
    inner join causes on changes.change = causes.change and changes.cause = causes.cause
    left join pupils on {{ same_child_and_date('changes', 'pupils') }}
    left join schools on pupils.service_code = schools.service_code
)

select * from list_changes
