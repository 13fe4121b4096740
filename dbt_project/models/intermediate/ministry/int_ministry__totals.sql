with
trajectories as (select * from {{ ref('stg_minedu__trajectories') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }} where status = 'landed'),

-- a corrected file of the ministry counts instead of the one before
published as (
    select
        cast(deliveries.period as integer) as school_year,
        trajectories.service_code,
        trajectories.level,
        trajectories.age_years,
        cast(sum(trajectories.n_pupils) as bigint) as n_pupils,
        cast(sum(trajectories.n_withdrawn) as bigint) as n_withdrawn,
        cast(sum(trajectories.n_over_age) as bigint) as n_over_age
    from trajectories
    inner join deliveries on trajectories._file = deliveries.file
    group by 1, 2, 3, 4
)

select * from published
