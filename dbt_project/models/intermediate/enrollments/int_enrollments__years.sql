with
results as {{ known_by_child(ref('int_enrollments__results'), today()) }},
alternative as {{ known_by_child(ref('int_enrollments__alternative'), today()) }},
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),

-- of the schools of a year the one enrolled at last
ends as (
    select
        person_key as child_key,
        school_year,
        service_code,
        level,
        grade,
        year_result,
        is_repeat,
        is_reentry,
        count(*) over years as n_schools,
        bool_or(is_deceased) over years as is_deceased,
        bool_or(year_result = 'passed' and grade = 14) over years as is_graduate,
        max(known_at) over years as known_from
    from results
    window years as (partition by person_key, school_year)
    qualify row_number() over (
        partition by person_key, school_year order by school_order desc, service_code asc
    ) = 1
),

regular as (
    select * from ends
    where {{ is_regular('level') }}
),

centers as (
    select distinct
        person_key as child_key,
        school_year
    from alternative
),

-- where the pupil is a year later, once that year has told
flows as (
    select
        ends.child_key,
        ends.school_year,
        ends.service_code,
        ends.level,
        ends.grade,
        ends.year_result,
        ends.is_repeat,
        ends.is_reentry,
        ends.n_schools,
        ends.known_from,
        label_dates.interruption_known_at as flow_known_from,
        case
            when label_dates.interruption_known_at is null then null
            when ends.is_deceased then 'died'
            when following.grade > ends.grade then 'promoted'
            when following.child_key is not null then 'repeated'
            when ends.is_graduate then 'graduated'
            when centers.child_key is not null then 'moved to alternative'
            else 'left'
        end as flow
    from ends
    left join label_dates
        on
            ends.school_year = label_dates.school_year
            and label_dates.interruption_known_at <= {{ today() }}
    left join regular as following
        on ends.child_key = following.child_key and ends.school_year + 1 = following.school_year
    left join centers
        on ends.child_key = centers.child_key and ends.school_year + 1 = centers.school_year
)

select * from flows
