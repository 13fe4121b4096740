with
facts as (select * from {{ ref('int_actions__facts') }}),
rules as (select * from {{ ref('action_rules') }}),
met as (select * from {{ ref('int_actions__met') }}),

steps_0 as (
    select
        facts.*,
        rules.rule,
        rules.rule_order,
        rules.action_name,
        rules.is_tutor_safe,
        rules.who_acts,
        rules.record_text,
        rules.rule_action_text
    from met
    inner join facts on met.child_key = facts.child_key
    inner join rules on met.rule = rules.rule
),

-- some facts a step: those who read SQL give up on expressions as deep as there are facts
{% for names in action_facts() | batch(8) %}
    steps_{{ loop.index }} as (
        select
            {{ with_replaced({
                'record_text': filled('record_text', names),
                'rule_action_text': filled('rule_action_text', names),
            }) }}
        from steps_{{ loop.index0 }}
    ),

{% endfor %}
said as (
    select
        child_key,
        as_of_date,
        rule,
        action_name,
        is_tutor_safe,
        cast(row_number() over (partition by child_key order by rule_order) as integer)
            as action_position,
        {{ in_singular('record_text') }} as record_text,
        {{ in_singular('rule_action_text') }} as action_text,
        who_acts
    from steps_{{ (action_facts() | batch(8) | list | length) }}
)

select * from said
