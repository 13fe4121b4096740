with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
attendance as {{ of_date(ref('child_attendance')) }},
grades as {{ of_date(ref('child_grades')) }},
place as {{ of_date(ref('child_place')) }},
household as {{ of_date(ref('child_household')) }},
peers as {{ of_date(ref('int_pupils__peers')) }},
-- the months that the school's office has, to see which of them a child lacks
offices as {{ of_date(ref('int_attendance__ugel_months')) }},

withheld as (
    -- a region whose month is missing is shown as missing; the others go on
    select
        region,
        count(*) as n_months
    from {{ source('landing', 'withheld') }}
    where
        source = 'siagie_progress.siagie_attendance'
        and left(period, 4) = cast(year({{ as_of() }}) as string)
        and known_at <= {{ as_of() }}
        and coalesce(resolved_at, {{ far_future() }}) > {{ as_of() }}
    group by region
),

missing as (
    select
        pupils.child_key,
        pupils.as_of_date,
        attendance.attendance_share is null as lacks_attendance,
        cast(coalesce(withheld.n_months, 0) as integer) as n_withheld_months,
        grades.n_areas is null as lacks_marks,
        household.poverty_class is null as lacks_household_class,
        pupils.guardian_key is null as lacks_guardian,
        pupils.ugel_code is null as lacks_school_register,
        coalesce(peers.n_attendance_months, 0) as n_attendance_months,
        -- in the service a child may be ahead of what its office had at deployment
        greatest(0, coalesce(offices.n_months, 0) - coalesce(peers.n_attendance_months, 0))
            as n_missing_months,
        place.altitude_m is null as lacks_place,
        pupils.birth_date is null as lacks_birth_date,
        pupils.mother_tongue is null as lacks_mother_tongue
    from pupils
    inner join attendance on pupils.child_key = attendance.child_key
    inner join grades on pupils.child_key = grades.child_key
    inner join household on pupils.child_key = household.child_key
    inner join place on pupils.child_key = place.child_key
    inner join peers on pupils.child_key = peers.child_key
    left join offices on pupils.ugel_code = offices.ugel_code
    left join withheld on pupils.department_code = withheld.region
)

select * from missing
