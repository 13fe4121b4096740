with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
schools as {{ of_date(ref('int_schools__as_of')) }},
peers as {{ of_date(ref('int_pupils__peers')) }},
feeding as {{ known(ref('int_schools__feeding')) }},

-- whole numbers, because sums of doubles depend on the number of threads
totals as (
    select
        service_code,
        count(*) as n_pupils,
        count(absence_days) as n_counted,
        sum(absence_days) as absence_days,
        count(n_failed_areas) as n_marked,
        sum(n_failed_areas) as failed_areas,
        sum(cast(is_over_age as integer)) as n_over_age,
        sum(cast(has_moved as integer)) as n_moved,
        sum(cast(speaks_other as integer)) as n_speaking_other
    from peers
    group by service_code
),

-- all but the child itself
schoolmates as (
    select
        own.child_key,
        own.as_of_date,
        own.service_code,
        own.speaks_other,
        totals.n_pupils - 1 as n_mates,
        totals.n_counted - cast(own.absence_days is not null as integer) as n_mates_counted,
        {{ of_mates('totals.absence_days', 'own.absence_days') }} as mates_absence_days,
        totals.n_marked - cast(own.n_failed_areas is not null as integer) as n_mates_marked,
        {{ of_mates('totals.failed_areas', 'own.n_failed_areas') }} as mates_failed_areas,
        {{ of_mates('totals.n_over_age', 'cast(own.is_over_age as integer)') }} as n_mates_over_age,
        {{ of_mates('totals.n_moved', 'cast(own.has_moved as integer)') }} as n_mates_moved,
        {{ of_mates('totals.n_speaking_other', 'cast(own.speaks_other as integer)') }}
            as n_mates_speaking_other
    from peers as own
    inner join totals on own.service_code = totals.service_code
),

school as (
    select
        pupils.child_key,
        pupils.as_of_date,
        schools.n_pupils as school_pupils,
        {{ share('schools.n_pupils', 'schools.n_teachers', 2) }} as pupils_per_teacher,
        {{ share('schools.n_pupils', 'schools.n_sections', 2) }} as pupils_per_section,
        schools.n_sections < {{ grades_of_level('pupils.level') }} as is_multigrade,
        coalesce(schools.is_bilingual, false) as is_bilingual_school,
        coalesce(m.speaks_other and not schools.is_bilingual, false) as lacks_bilingual_school,
        feeding.service_code is not null as has_school_feeding,
        schools.is_public as is_public_school,
        {{ share('m.mates_absence_days', 'm.n_mates_counted', 2) }} as schoolmates_absence_days,
        {{ share('m.n_mates_over_age', 'm.n_mates') }} as schoolmates_over_age_share,
        {{ share('m.mates_failed_areas', 'm.n_mates_marked', 2) }} as schoolmates_failed_areas,
        {{ share('m.n_mates_moved', 'm.n_mates') }} as schoolmates_moved_share,
        {{ share('m.n_mates_speaking_other', 'm.n_mates') }} as schoolmates_indigenous_share
    from pupils
    inner join schoolmates as m on pupils.child_key = m.child_key
    left join schools on m.service_code = schools.service_code
    left join feeding
        on m.service_code = feeding.service_code and year({{ as_of() }}) = feeding.program_year
)

select * from school
