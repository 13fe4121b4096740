{{ config(materialized='by_year', facts='stg_siagie__attendance') }}

with
attendance as (select * from {{ ref('stg_siagie__attendance') }} where {{ in_built_years() }}),

-- a withheld region does not stand, nor does what a correction replaced
counted as {{ standing('attendance', by_region=true) }},

months as (
    select
        child_key,
        school_year,
        month,
        service_code,
        ugel_code,
        open_days,
        -- null absences are not zero: the month then says nothing
        justified_absence_days + unjustified_absence_days as absence_days,
        unjustified_absence_days,
        late_days,
        _file,
        stood_at as known_at,
        standing_until as known_until
    from counted
    where standing_until > stood_at
)

select * from months
