{{ config(materialized='by_year', facts='stg_siagie__grades') }}

with
grades as (select * from {{ ref('stg_siagie__grades') }} where {{ in_built_years() }}),
counted as {{ standing('grades') }},

competences as (
    select
        child_key,
        school_year,
        period,
        service_code,
        learning_area,
        stood_at,
        standing_until,
        cut_on,
        landed_no,
        _delivered_at,
        _file,
        _line,
        cast(competence_1_points is not null as integer)
        + cast(competence_2_points is not null as integer)
        + cast(competence_3_points is not null as integer) as n_competences,
        cast(coalesce(competence_1_points = 1, false) as integer)
        + cast(coalesce(competence_2_points = 1, false) as integer)
        + cast(coalesce(competence_3_points = 1, false) as integer) as n_lowest,
        coalesce(competence_1_points, 0) + coalesce(competence_2_points, 0)
        + coalesce(competence_3_points, 0) as points
    from counted
),

versions as (
    select
        child_key,
        school_year,
        period,
        service_code,
        learning_area,
        n_competences,
        n_lowest,
        points,
        n_lowest > {{ var('failed_area_share') }} * n_competences as is_failed,
        _delivered_at,
        landed_no,
        _file,
        _line,
        stood_at as known_at,
        {{ known_until(['child_key', 'school_year', 'period', 'service_code', 'learning_area']) }}
            as known_until
    from competences
)

-- a correction that takes a mark away ends the one before it, and no other school's
select * from versions where known_until > known_at and n_competences > 0
