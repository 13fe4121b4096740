with
schools as {{ standing(ref('stg_escale__schools'), by_region=true) }},

-- a building stays where it is: what a register told of a school holds when it lists it no more, so
-- only a later register that names it ends a row
versions as (
    select
        service_code,
        site_code,
        stood_at as known_at,
        coalesce(
            min(stood_at) over (
                partition by service_code
                order by _delivered_at desc, landed_no desc, stood_at desc, _file desc, _line desc
                rows between unbounded preceding and 1 preceding
            ),
            {{ far_future() }}
        ) as known_until
    from schools
    where site_code is not null
)

select * from versions where known_until > known_at
