with
listed as (select * from {{ ref('priority_list') }}),
immediate as (select * from {{ ref('immediate_cases') }}),
cases as (select * from {{ ref('cases') }}),
grades as (select * from {{ ref('grades') }}),

-- what calls for a visit now comes first, and of two such needs the one of this year
needs as (
    select * from immediate
    qualify row_number() over (partition by child_key order by need, ugel_code) = 1
),

children as (
    select
        coalesce(needs.ugel_code, listed.ugel_code) as ugel_code,
        coalesce(needs.child_key, listed.child_key) as child_key,
        coalesce(needs.service_code, listed.service_code) as service_code,
        coalesce(needs.grade, listed.grade) as grade,
        listed.section,
        coalesce(needs.need, 'interruption') as need,
        listed.rank_in_ugel,
        coalesce(needs.need is not null or listed.tier = 'alto', false) as is_within_capacity,
        coalesce(needs.on_date, listed.as_of_date) as known_on,
        concat_ws('; ', needs.reason_text, listed.reason_text) as reason_text,
        coalesce(needs.action_text, listed.action_text) as action_text
    from listed
    full outer join needs on listed.child_key = needs.child_key
),

newest as (
    select * from cases
    qualify school_year = max(school_year) over (partition by child_key)
),

-- a contact is a contact, whatever the child was listed for
contacts as (
    select
        child_key,
        min(listed_on) as listed_on,
        max(greatest(contacted_on, served_on)) as last_contact_on
    from newest
    group by child_key
),

worklist as (
    select
        children.ugel_code,
        children.child_key,
        cast(newest.school_year as integer) as school_year,
        children.service_code,
        children.grade,
        grades.grade_name,
        children.section,
        children.need,
        children.rank_in_ugel,
        children.is_within_capacity,
        coalesce(contacts.listed_on, children.known_on) as listed_on,
        children.reason_text,
        children.action_text,
        coalesce(newest.case_state, 'listado') as case_state,
        greatest(
            newest.assigned_on,
            newest.contacted_on,
            newest.served_on,
            newest.dismissed_on,
            newest.closed_on
        ) as state_on,
        contacts.last_contact_on
    from children
    left join grades on children.grade = grades.grade
    left join contacts on children.child_key = contacts.child_key
    left join newest
        on children.child_key = newest.child_key and children.need = newest.matter
)

select * from worklist
