with
pupils as (select * from {{ ref('int_pupils__as_of') }}),
shipped as (select * from {{ ref('ugel_capacity') }}),
parameters as (select * from {{ ref('stg_home__parameters') }} where kind = 'capacity'),

ugels as (
    select
        as_of_date,
        ugel_code,
        cast(count(*) as bigint) as n_pupils
    from pupils
    group by as_of_date, ugel_code
),

-- what is shipped was known whenever it holds, and the home did not state it: number 0
capacities as (
    select
        ugel_code,
        valid_from,
        capacity_children,
        capacity_share,
        valid_from as known_at,
        {{ far_future() }} as known_until,
        0 as parameter_number
    from shipped
    union all
    select
        ugel_code,
        valid_from,
        capacity_children,
        capacity_share,
        known_at,
        known_until,
        parameter_number
    from parameters
),

-- a UGEL's own row, else the row for all (*); of these the home's, else the shipped; the last that
-- is valid on the date, as stated last of what was known on it
applicable as (
    select
        ugels.as_of_date,
        ugels.ugel_code,
        ugels.n_pupils,
        capacities.capacity_children,
        capacities.capacity_share
    from ugels
    inner join capacities
        on
            capacities.ugel_code in (ugels.ugel_code, '*')
            and ugels.as_of_date >= capacities.valid_from
            and {{ was_known('capacities', 'ugels.as_of_date') }}
    qualify row_number() over (
        partition by ugels.as_of_date, ugels.ugel_code
        order by
            cast(capacities.ugel_code = '*' as integer),
            cast(capacities.parameter_number = 0 as integer),
            capacities.valid_from desc,
            capacities.parameter_number desc
    ) = 1
)

select * from applicable
