-- depends_on: {{ ref('dim_grade') }}: a task's tests run when it ends
with
judged as (select * from {{ ref('int_indicators__judged') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }} where month(as_of_date) = 4),
enrolled as (select * from {{ ref('dim_pupil') }}),
last_merges as {{ newest(ref('int_children__merges')) }},
schools as (select * from {{ ref('dim_school') }}),
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),

outcomes as (
    select
        enrolled.pupil_key,
        judged.child_key,
        judged.school_year,
        judged.as_of_date,
        judged.indicator as outcome,
        judged.is_case,
        schools.school_key,
        pupils.grade,
        judged.level,
        judged.department_code,
        judged.ugel_code,
        judged.is_female,
        judged.speaks_indigenous_language,
        judged.has_disability,
        judged.is_foreign,
        judged.is_rural,
        case
            when judged.indicator in ('interruption', 'ebr_exit')
                then label_dates.interruption_known_at
            when judged.indicator = 'repetition' then label_dates.repetition_known_at
            else judged.as_of_date
        end as known_from
    from judged
    inner join pupils on {{ same_child_and_date('judged', 'pupils') }}
    -- of two keys that turned out to be one child the one that stays; who was erased is nobody
    left join last_merges on judged.child_key = last_merges.child_key
    left join enrolled
        on
            coalesce(last_merges.merged_into, judged.child_key) = enrolled.child_key
            and judged.school_year = enrolled.school_year
    left join schools
        on
            pupils.service_code = schools.service_code
            and {{ holds_on('schools', 'judged.as_of_date') }}
    left join label_dates on judged.school_year = label_dates.school_year
)

select * from outcomes
