with
listed as (select * from {{ ref('int_lists__current') }}),
features as (select * from {{ ref('child_features') }}),
absences as (select * from {{ ref('int_actions__absences') }}),
marks as (select * from {{ ref('int_actions__marks') }}),
past as (select * from {{ ref('int_actions__past') }}),
grades as (select * from {{ ref('grades') }}),
services as (select * from {{ ref('services') }}),

facts as (
    select
        listed.child_key,
        listed.as_of_date,
        listed.model_version,
        cast(year(listed.as_of_date) as bigint) as list_year,
        absences.open_days,
        absences.absence_days,
        absences.unjustified_days,
        absences.worst_month,
        absences.worst_open_days,
        absences.worst_absence_days,
        absences.last_month,
        absences.last_open_days,
        absences.last_absence_days,
        absences.n_low_months,
        absences.earlier_open_days,
        absences.earlier_absence_days,
        absences.other_absence_days,
        absences.low_months,
        marks.marks_period,
        marks.n_areas,
        marks.n_failed_areas,
        marks.failed_areas,
        marks.first_area,
        past.mother_tongue,
        past.former_school,
        past.withdrawal_year,
        past.withdrawal_reason,
        past.left_for_motherhood,
        grades.grade_name,
        grades.stage,
        grades.is_last_of_stage,
        following.grade_name as next_grade_name,
        features.age_years,
        features.over_age_years,
        features.is_repeating,
        features.n_repetitions,
        features.is_reentering,
        features.is_in_transit,
        features.n_moves_this_year,
        features.late_days,
        features.n_missing_months,
        features.has_home_visit,
        features.has_remedial_lessons,
        features.days_since_support,
        features.has_validated_dni,
        features.is_bilingual_school,
        features.speaks_indigenous_language,
        features.has_disability,
        features.weekly_work_hours,
        case
            when features.declares_work then 'matrícula' else 'registro de trabajo infantil'
        end as work_source,
        features.is_poor_without_transfer,
        features.has_lost_transfer,
        features.is_class_expired,
        features.secondary_distance_km,
        cast(features.secondary_distance_km as string) as secondary_km,
        case features.poverty_class when 1 then 'pobre' when 2 then 'pobre extremo' end
            as poverty_name,
        lower(services.service_name) as last_support,
        {{ spoken_day('past.support_date') }} as last_support_day
    from listed
    inner join features on {{ same_child_and_date('listed', 'features') }}
    inner join past on listed.child_key = past.child_key
    left join absences on listed.child_key = absences.child_key
    left join marks on listed.child_key = marks.child_key
    left join grades on features.grade = grades.grade
    left join grades as following on grades.next_grade = following.grade
    left join services
        on
            past.last_support_code = services.support_code
            and past.support_date >= services.valid_from
            and past.support_date < services.valid_until
)

select * from facts
