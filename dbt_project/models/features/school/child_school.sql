with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

attendance as (
    select * from {{ ref('child_attendance') }}
    where as_of_date = {{ as_of() }}
),

progression as (
    select * from {{ ref('child_progression') }}
    where as_of_date = {{ as_of() }}
),

schools as {{ known(ref('int_schools__registers')) }},

feeding as {{ known(ref('int_schools__feeding')) }},

-- integers and not shares are summed: sums of doubles depend on the number of threads
members as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.service_code,
        pupils.mother_tongue,
        attendance.absence_days,
        cast(progression.over_age_years >= {{ var('over_age_risk_years') }} as integer) as is_over_age
    from pupils
    inner join attendance on pupils.child_key = attendance.child_key
    inner join progression on pupils.child_key = progression.child_key
),

schoolmates as (
    select
        *,
        count(*) over (partition by service_code) - 1 as n_mates,
        count(absence_days) over (partition by service_code)
        - cast(absence_days is not null as integer) as n_mates_counted,
        sum(absence_days) over (partition by service_code) - coalesce(absence_days, 0) as mates_absence_days,
        sum(is_over_age) over (partition by service_code) - is_over_age as n_mates_over_age
    from members
),

school as (
    select
        schoolmates.child_key,
        schoolmates.as_of_date,
        schools.n_pupils as school_pupils,
        {{ share('schools.n_pupils', 'schools.n_teachers', 2) }} as pupils_per_teacher,
        coalesce(schools.is_bilingual, false) as is_bilingual_school,
        coalesce(
            schoolmates.mother_tongue <> 'CASTELLANO' and not schools.is_bilingual, false
        ) as lacks_bilingual_school,
        feeding.service_code is not null as has_school_feeding,
        {{ share('schoolmates.mates_absence_days', 'schoolmates.n_mates_counted', 2) }}
            as schoolmates_absence_days,
        {{ share('schoolmates.n_mates_over_age', 'schoolmates.n_mates') }} as schoolmates_over_age_share
    from schoolmates
    left join schools on schoolmates.service_code = schools.service_code
    left join feeding
        on
            schoolmates.service_code = feeding.service_code
            and year(schoolmates.as_of_date) = feeding.program_year
)

select * from school
