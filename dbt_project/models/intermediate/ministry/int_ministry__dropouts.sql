with
dropouts as (select * from {{ ref('stg_minedu__dropouts') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }} where status = 'landed'),

published as (
    select
        cast(deliveries.period as integer) as school_year,
        dropouts.district_code,
        cast(dropouts.n_pupils as bigint) as n_pupils,
        cast(dropouts.n_dropouts as bigint) as n_dropouts
    from dropouts
    inner join deliveries on dropouts._file = deliveries.file
)

select * from published
