{{ config(materialized='by_year', facts='stg_siagie__attendance') }}

with
attendance as (select * from {{ ref('stg_siagie__attendance') }} where {{ in_built_years() }}),

deliveries as (
    select
        file,
        superseded_at
    from {{ source('landing', 'deliveries') }}
    where {{ has_landed() }}
),

withheld as (select * from {{ source('landing', 'withheld') }}),

months as (
    select
        attendance.child_key,
        attendance.school_year,
        attendance.month,
        attendance.service_code,
        attendance.ugel_code,
        attendance.open_days,
        -- null absences are not zero: the month then says nothing
        attendance.justified_absence_days + attendance.unjustified_absence_days as absence_days,
        attendance.unjustified_absence_days,
        attendance.late_days,
        attendance._file,
        attendance.known_at,
        coalesce(deliveries.superseded_at, {{ far_future() }}) as known_until
    from attendance
    inner join deliveries on attendance._file = deliveries.file
    left join withheld
        on attendance._file = withheld.file and left(attendance.ugel_code, 2) = withheld.region
    where withheld.file is null
)

select * from months
