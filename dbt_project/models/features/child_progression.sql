with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
years as {{ known_by_child(ref('int_enrollments__results')) }},

history as (
    select
        person_key,
        count(distinct school_year) as n_school_years,
        min(school_year) as first_school_year,
        count(distinct case when is_repeat then school_year end) as n_repetitions,
        count(distinct case when is_reentry then school_year end) as n_reentries,
        count(distinct case when year_result = 'withdrawn' then school_year end) as n_withdrawals,
        bool_or(year_result = 'failed' and school_year = year({{ as_of() }}) - 1)
            as has_failed_last_year,
        count(distinct service_code) as n_services,
        count(distinct case when school_year = year({{ as_of() }}) then service_code end)
            as n_services_this_year
    from years
    group by person_key
),

progression as (
    select
        pupils.child_key,
        pupils.as_of_date,
        {{ age_at_march('pupils.birth_date', 'pupils.school_year') }} - pupils.grade - 2
            as over_age_years,
        pupils.grade = 10 as is_first_of_secondary,
        coalesce(pupils.entry_situation = 'REPITE', false) as is_repeating,
        coalesce(pupils.entry_situation in ('REENTRANTE', 'REINGRESANTE'), false) as is_reentering,
        pupils.is_in_transit,
        cast(history.n_repetitions as integer) as n_repetitions,
        cast(history.n_reentries as integer) as n_reentries,
        cast(history.n_withdrawals as integer) as n_withdrawals,
        coalesce(history.has_failed_last_year, false) as has_failed_last_year,
        cast(history.n_services - 1 as integer) as n_transfers,
        cast(history.n_services_this_year - 1 as integer) as n_moves_this_year,
        cast(
            pupils.school_year - history.first_school_year + 1 - history.n_school_years as integer
        ) as n_gap_years,
        cast(
            greatest(
                0,
                {{ days_between('make_date(pupils.school_year, 3, 31)', 'pupils.enrolled_date') }}
            ) as integer
        ) as enrollment_delay_days
    from pupils
    inner join history on pupils.child_key = history.person_key
)

select * from progression
