with recursive

merged_keys as (
    select
        child_key,
        merged_into,
        known_at,
        coalesce(known_until, {{ far_future() }}) as known_until
    from {{ source('landing', 'child_merges') }}
),

chains as (
    -- the key that stays may itself be given up later; a chain holds while all its parts do
    select
        child_key,
        merged_into,
        known_at,
        known_until,
        1 as depth
    from merged_keys
    union all
    select
        chains.child_key,
        merged_keys.merged_into,
        greatest(chains.known_at, merged_keys.known_at) as known_at,
        least(chains.known_until, merged_keys.known_until) as known_until,
        chains.depth + 1 as depth
    from chains
    inner join merged_keys on chains.merged_into = merged_keys.child_key
    where
        greatest(chains.known_at, merged_keys.known_at)
        < least(chains.known_until, merged_keys.known_until)
),

holding as (select * from chains where known_until > known_at),

days as (
    select
        child_key,
        known_at as day_of_change
    from holding
    union
    select
        child_key,
        known_until as day_of_change
    from holding
),

spans as (
    select
        child_key,
        day_of_change as known_at,
        lead(day_of_change) over (partition by child_key order by day_of_change) as known_until
    from days
),

versions as (
    -- on each day the longest chain says who the child is
    select
        spans.child_key,
        holding.merged_into,
        spans.known_at,
        spans.known_until,
        row_number() over (
            partition by spans.child_key, spans.known_at
            order by holding.depth desc, holding.known_at desc, holding.merged_into asc
        ) as place
    from spans
    inner join holding
        on
            spans.child_key = holding.child_key
            and spans.known_at >= holding.known_at
            and spans.known_at < holding.known_until
    where spans.known_until is not null
),

first_versions as (
    select
        child_key,
        merged_into,
        known_at,
        known_until
    from versions
    where place = 1
)

select * from first_versions
