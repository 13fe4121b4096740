with
enrollment as (select * from {{ ref('published_enrollment') }}),
departments as (select * from {{ ref('departments') }}),
places as (select * from {{ ref('int_places__ugels') }}),
schools as {{ newest(ref('int_schools__registers')) }},

-- some districts have schools of two UGELs: they count as that of most of their services
offices as {{ commonest('ugel_code', 'district_code', 'schools') }},

-- made of what officials see of districts and of nothing else, so that it tells nothing more
sums as (
    select
        enrollment.school_year,
        offices.ugel_code,
        enrollment.level,
        count(*) as n_districts,
        cast(sum(enrollment.n_pupils) as bigint) as n_pupils,
        sum(enrollment.n_withdrawn) as n_withdrawn,
        sum(enrollment.n_pupils) filter (where enrollment.n_withdrawn is not null)
            as n_pupils_withdrawn,
        sum(enrollment.n_over_age) as n_over_age,
        sum(enrollment.n_pupils) filter (where enrollment.n_over_age is not null)
            as n_pupils_over_age
    from enrollment
    inner join offices on enrollment.district_code = offices.district_code
    group by enrollment.school_year, offices.ugel_code, enrollment.level
),

ugels as (
    select
        sums.school_year,
        sums.ugel_code,
        places.department_code,
        departments.department_name,
        sums.level,
        places.latitude,
        places.longitude,
        sums.n_districts,
        sums.n_pupils,
        {{ told_share('sums.n_withdrawn', 'sums.n_pupils_withdrawn', 'sums.n_pupils') }}
            as withdrawn_share,
        {{ told_share('sums.n_over_age', 'sums.n_pupils_over_age', 'sums.n_pupils') }}
            as over_age_share
    from sums
    inner join places on sums.ugel_code = places.ugel_code
    inner join departments on places.department_code = departments.department_code
    where sums.n_pupils is not null
)

select * from ugels
