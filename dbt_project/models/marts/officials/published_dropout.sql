with
dropouts as (select * from {{ ref('stg_minedu__dropouts') }}),
deliveries as (select * from {{ source('landing', 'deliveries') }} where status = 'landed'),

districts as (
    select * from {{ ref('int_places__districts') }}
    where known_until = {{ far_future() }}
),

rounded as (
    select
        cast(deliveries.period as integer) as school_year,
        dropouts.district_code,
        {{ official_count('dropouts.n_pupils') }} as n_pupils,
        {{ official_count('dropouts.n_dropouts', 'dropouts.n_pupils') }} as n_dropouts
    from dropouts
    inner join deliveries on dropouts._file = deliveries.file
),

dropout as (
    select
        rounded.school_year,
        rounded.district_code,
        districts.district_name,
        districts.province_name,
        rounded.n_pupils,
        rounded.n_dropouts,
        {{ share('rounded.n_dropouts', 'rounded.n_pupils') }} as dropout_share
    from rounded
    left join districts on rounded.district_code = districts.district_code
)

select * from dropout
