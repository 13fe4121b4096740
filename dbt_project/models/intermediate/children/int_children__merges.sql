with recursive

merged_keys as (select * from {{ source('landing', 'child_merges') }}),

chains as (
    -- the key that stays may itself be given up later
    select
        child_key,
        merged_into,
        known_at,
        1 as depth
    from merged_keys
    union all
    select
        chains.child_key,
        merged_keys.merged_into,
        greatest(chains.known_at, merged_keys.known_at) as known_at,
        chains.depth + 1 as depth
    from chains
    inner join merged_keys on chains.merged_into = merged_keys.child_key
),

versions as (
    select
        child_key,
        merged_into,
        known_at,
        lead(known_at, 1, {{ far_future() }}) over (
            partition by child_key order by known_at, depth
        ) as known_until
    from chains
)

select * from versions where known_until > known_at
