with
opened as (select * from {{ ref('int_cases__opened') }}),
last_merges as {{ newest(ref('int_children__merges')) }},

children as (
    select
        child_key,
        max_by(ugel_code, listed_on) as ugel_code
    from opened
    group by child_key
),

-- rows stay under the key that they came with
aliases as (
    select
        child_key as alias_key,
        child_key,
        ugel_code
    from children
    union all
    select
        last_merges.child_key as alias_key,
        children.child_key,
        children.ugel_code
    from last_merges
    inner join children on last_merges.merged_into = children.child_key
)

select * from aliases
