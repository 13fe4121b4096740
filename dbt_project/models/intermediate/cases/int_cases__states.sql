with
events as (select * from {{ ref('int_cases__events') }}),

states as (
    select
        child_key,
        school_year,
        matter,
        max_by(ugel_code, event_date) as ugel_code,
        max(case when case_state = 'asignado' then event_date end) as assigned_on,
        max(case when case_state = 'contactado' then event_date end) as contacted_on,
        max(case when case_state = 'atendido' then event_date end) as served_on,
        max(case when case_state = 'atendido' then support_code end) as support_code,
        max(case when case_state = 'descartado' then event_date end) as dismissed_on,
        max(case when case_state = 'descartado' then dismissed_reason end) as dismissed_reason,
        max(case when case_state = 'cerrado' then event_date end) as closed_on,
        min(event_date) as first_event_on
    from events
    group by child_key, school_year, matter
),

-- of two states on one day the one further on counts; a closed case may be taken up again
latest as (
    select
        child_key,
        school_year,
        matter,
        case_state
    from events
    qualify row_number() over (
        partition by child_key, school_year, matter
        order by
            event_date desc,
            case case_state
                when 'cerrado' then 5
                when 'descartado' then 4
                when 'atendido' then 3
                when 'contactado' then 2
                else 1
            end desc
    ) = 1
),

joined as (
    select
        states.*,
        latest.case_state
    from states
    inner join latest
        on
            states.child_key = latest.child_key
            and states.school_year = latest.school_year
            and states.matter = latest.matter
)

select * from joined
