with
facts as (select * from {{ ref('int_actions__facts') }}),
rules as (select * from {{ ref('action_rules') }}),
met as (select * from {{ ref('int_actions__met') }}),

due as (
    select
        facts.*,
        rules.* exclude (theme)
    from met
    inner join facts on met.child_key = facts.child_key
    inner join rules on met.rule = rules.rule
),

-- in two steps: a parser that follows columns gives up on expressions as deep as there are facts
begun as (
    select
        * replace (
            {{ filled('record_text', action_facts()[:18]) }} as record_text,
            {{ filled('rule_action_text', action_facts()[:18]) }} as rule_action_text
        )
    from due
),

ended as (
    select
        * replace (
            {{ filled('record_text', action_facts()[18:]) }} as record_text,
            {{ filled('rule_action_text', action_facts()[18:]) }} as rule_action_text
        )
    from begun
),

said as (
    select
        child_key,
        as_of_date,
        rule,
        action_name,
        is_tutor_safe,
        cast(row_number() over (partition by child_key order by rule_order) as integer)
            as position,
        {{ in_singular('record_text') }} as record_text,
        {{ in_singular('rule_action_text') }} as action_text,
        who_acts
    from ended
)

select * from said
