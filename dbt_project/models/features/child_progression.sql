with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
enrollments as {{ known_by_child(ref('int_enrollments__results')) }},
alternative as {{ known_by_child(ref('int_enrollments__alternative')) }},
sites as {{ known(ref('int_schools__sites')) }},

-- what a family calls a school is a building; one that no register tells of is a school of its own
placed as (
    select
        enrollments.*,
        concat(
            left(enrollments.level, 1), coalesce(sites.site_code, enrollments.service_code)
        ) as level_and_site
    from enrollments
    left join sites on enrollments.service_code = sites.service_code
),

-- the school enrolled at last tells how a year ended: who withdrew to go on elsewhere is not out
school_years as (
    select
        person_key,
        school_year,
        max_by(coalesce(year_result, 'unknown'), school_order) filter (
            where year_result is distinct from 'transferred'
        ) as year_result,
        bool_or(is_repeat) as is_repeat,
        bool_or(is_reentry) as is_reentry,
        min(enrolled_date) as first_enrolled_date,
        count(distinct level_and_site) as n_sites
    from placed
    group by person_key, school_year
),

-- a year in alternative education is no gap
all_years as (
    {{ stacked(['person_key', 'school_year', 'year_result', 'is_repeat', 'is_reentry'], {
        'school_years': {},
        'alternative': {'year_result': 'null', 'is_repeat': 'null', 'is_reentry': 'null'},
    }) }}
),

history as (
    select
        person_key,
        min(school_year) as first_year,
        count(distinct school_year) as n_years,
        count(*) filter (where is_repeat) as n_repetitions,
        count(*) filter (where is_reentry) as n_reentries,
        count(*) filter (where year_result = 'withdrawn') as n_withdrawals,
        bool_or(year_result = 'failed' and school_year = year({{ as_of() }}) - 1)
            as has_failed_last_year
    from all_years
    group by person_key
),

-- from primary to secondary is a step and no transfer
schools_attended as (
    select
        person_key,
        count(distinct level_and_site) - count(distinct left(level_and_site, 1)) as n_transfers
    from placed
    group by person_key
),

progression as (
    select
        pupils.child_key,
        pupils.as_of_date,
        {{ age_at_march('pupils.birth_date', 'pupils.school_year') }} - pupils.grade - 2
            as over_age_years,
        coalesce(pupils.entry_situation = 'REPITE', false) as is_repeating,
        coalesce(pupils.entry_situation in ('REENTRANTE', 'REINGRESANTE'), false) as is_reentering,
        pupils.is_in_transit,
        cast(history.n_repetitions as integer) as n_repetitions,
        cast(history.n_reentries as integer) as n_reentries,
        cast(history.n_withdrawals as integer) as n_withdrawals,
        coalesce(history.has_failed_last_year, false) as has_failed_last_year,
        cast(schools_attended.n_transfers as integer) as n_transfers,
        cast(this_year.n_sites - 1 as integer) as n_moves_this_year,
        cast(pupils.school_year - history.first_year + 1 - history.n_years as integer)
            as n_gap_years,
        {{ whole_days(
            'make_date(pupils.school_year, 3, 31)',
            'greatest(this_year.first_enrolled_date, make_date(pupils.school_year, 3, 31))') }}
            as enrollment_delay_days,
        history.first_year = pupils.school_year as lacks_history
    from pupils
    inner join history on pupils.child_key = history.person_key
    inner join school_years as this_year
        on
            pupils.child_key = this_year.person_key
            and pupils.school_year = this_year.school_year
    inner join schools_attended on pupils.child_key = schools_attended.person_key
)

select * from progression
