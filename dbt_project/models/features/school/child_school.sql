with
pupils as (select * from {{ ref('int_pupils__as_of') }} where as_of_date = {{ as_of() }}),
schools as (select * from {{ ref('int_schools__as_of') }} where as_of_date = {{ as_of() }}),
attendance as (select * from {{ ref('child_attendance') }} where as_of_date = {{ as_of() }}),
grades as (select * from {{ ref('child_grades') }} where as_of_date = {{ as_of() }}),
progression as (select * from {{ ref('child_progression') }} where as_of_date = {{ as_of() }}),

members as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.service_code,
        pupils.level,
        coalesce(pupils.mother_tongue <> 'CASTELLANO', false) as speaks_other,
        attendance.absence_days,
        grades.n_failed_areas,
        cast(progression.over_age_years >= {{ var('over_age_risk_years') }} as integer) as is_over_age,
        cast(progression.n_moves_this_year > 0 or pupils.is_in_transit as integer) as has_moved
    from pupils
    inner join attendance on pupils.child_key = attendance.child_key
    inner join grades on pupils.child_key = grades.child_key
    inner join progression on pupils.child_key = progression.child_key
),

-- all but the child itself; whole numbers, because sums of doubles depend on the number of threads
schoolmates as (
    select
        *,
        count(*) over (school) - 1 as n_mates,
        {{ of_mates('count', 'absence_days') }} as n_mates_counted,
        {{ of_mates('sum', 'absence_days') }} as mates_absence_days,
        {{ of_mates('count', 'n_failed_areas') }} as n_mates_marked,
        {{ of_mates('sum', 'n_failed_areas') }} as mates_failed_areas,
        {{ of_mates('sum', 'is_over_age') }} as n_mates_over_age,
        {{ of_mates('sum', 'has_moved') }} as n_mates_moved,
        {{ of_mates('sum', 'cast(speaks_other as integer)') }} as n_mates_speaking_other
    from members
    window school as (partition by service_code)
),

school as (
    select
        m.child_key,
        m.as_of_date,
        schools.n_pupils as school_pupils,
        {{ share('schools.n_pupils', 'schools.n_teachers', 2) }} as pupils_per_teacher,
        {{ share('schools.n_pupils', 'schools.n_sections', 2) }} as pupils_per_section,
        schools.n_sections < {{ grades_of_level('m.level') }} as is_multigrade,
        coalesce(schools.is_bilingual, false) as is_bilingual_school,
        coalesce(m.speaks_other and not schools.is_bilingual, false) as lacks_bilingual_school,
        coalesce(schools.has_feeding, false) as has_school_feeding,
        schools.is_public as is_public_school,
        {{ share('m.mates_absence_days', 'm.n_mates_counted', 2) }} as schoolmates_absence_days,
        {{ share('m.n_mates_over_age', 'm.n_mates') }} as schoolmates_over_age_share,
        {{ share('m.mates_failed_areas', 'm.n_mates_marked', 2) }} as schoolmates_failed_areas,
        {{ share('m.n_mates_moved', 'm.n_mates') }} as schoolmates_moved_share,
        {{ share('m.n_mates_speaking_other', 'm.n_mates') }} as schoolmates_indigenous_share
    from schoolmates as m
    left join schools on m.service_code = schools.service_code
)

select * from school
