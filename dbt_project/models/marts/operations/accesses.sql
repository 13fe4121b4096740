with
accesses as (select * from {{ source('landing', 'accesses') }}),

shown as (
    select
        day as on_date,
        what as access_kind,
        n_accesses,
        n_people
    from accesses
)

select * from shown
