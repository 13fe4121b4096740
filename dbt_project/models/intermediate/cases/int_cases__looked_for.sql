with
long_absences as (select * from {{ ref('int_attendance__long_absences') }}),
unregistered as (select * from {{ ref('int_enrollments__unregistered') }}),
schools as {{ newest(ref('int_schools__registers')) }},

found as (
    select
        child_key,
        service_code,
        grade,
        'long_absence' as need,
        absence_days,
        unjustified_absence_days
    from long_absences
    union all
    select
        child_key,
        service_code,
        grade,
        'unregistered' as need,
        null as absence_days,
        null as unjustified_absence_days
    from unregistered
),

looked_for as (
    select
        found.child_key,
        found.need,
        schools.ugel_code,
        found.service_code,
        found.grade,
        found.absence_days,
        found.unjustified_absence_days
    from found
    left join schools on found.service_code = schools.service_code
)

select * from looked_for
