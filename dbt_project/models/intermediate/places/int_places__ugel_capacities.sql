with
pupils as (select * from {{ ref('int_pupils__as_of') }}),
capacities as (select * from {{ ref('ugel_capacity') }}),

ugels as (
    select
        as_of_date,
        ugel_code,
        cast(count(*) as bigint) as n_pupils
    from pupils
    group by as_of_date, ugel_code
),

-- a UGEL's own row, else the row for all (*); of several the newest that is valid on the date
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
    qualify row_number() over (
        partition by ugels.as_of_date, ugels.ugel_code
        order by cast(capacities.ugel_code = '*' as integer), capacities.valid_from desc
    ) = 1
)

select * from applicable
