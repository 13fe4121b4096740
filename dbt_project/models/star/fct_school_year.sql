with
registers as (select * from {{ ref('int_schools__registers') }}),
feeding as {{ newest(ref('int_schools__feeding')) }},
enrollments as (select * from {{ ref('fct_enrollment_year') }}),

-- pupils as enrolled, at the school of their year
pupils as (
    select
        service_code,
        school_year,
        school_key,
        cast(count(*) as integer) as n_pupils
    from enrollments
    group by service_code, school_year, school_key
),

staffed as (
    select
        pupils.service_code,
        pupils.school_year,
        pupils.school_key,
        pupils.n_pupils,
        registers.n_pupils as n_registered_pupils,
        registers.n_teachers,
        registers.n_sections,
        feeding.n_rations,
        registers.known_at as known_from
    from pupils
    left join registers
        on
            pupils.service_code = registers.service_code
            and registers.known_at <= make_date(pupils.school_year, 12, 31)
            and registers.known_until > make_date(pupils.school_year, 12, 31)
    left join feeding
        on
            pupils.service_code = feeding.service_code
            and pupils.school_year = feeding.program_year
)

select * from staffed
