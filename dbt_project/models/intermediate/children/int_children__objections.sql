with
objections as (select * from {{ source('landing', 'objections') }}),
erased as (select * from {{ source('landing', 'erased_persons') }}),
last_merges as {{ newest(ref('int_children__merges')) }},

newest as (
    select
        coalesce(last_merges.merged_into, objections.child_key) as child_key,
        max_by(objections.is_withdrawn, objections.request_number) as is_withdrawn,
        max(objections.known_at) as known_at
    from objections
    left join last_merges on objections.child_key = last_merges.child_key
    group by 1
),

-- closed dates keep rows of erased persons under a key that leads to nobody
standing as (
    select
        child_key,
        known_at
    from newest
    where not is_withdrawn
    union all
    select
        child_key,
        erased_on as known_at
    from erased
)

select * from standing
