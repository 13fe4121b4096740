{{ config(materialized='as_of') }}

with
features as {{ of_date(ref('child_features')) }},

-- protection services are no business of an education list: their rules are models of their own
services as (
    select * from {{ ref('services') }}
    where domain <> 'protection' and valid_from <= {{ as_of() }} and valid_until > {{ as_of() }}
),

support as {{ known_by_child(ref('int_supports__received')) }},

received as (
    select distinct -- received more than once this year
        person_key,
        support_code
    from support
    where year(support_date) = year({{ as_of() }}) and support_date <= {{ as_of() }}
),

judged as (
    select
        features.child_key,
        features.as_of_date,
        services.support_code,
        services.need,
        case services.need
            when 'absences_rising'
                then
                    {{ is_low_attendance('features.last_month_attendance_share') }}
                    and features.attendance_change < 0
            when 'long_absence' then features.absence_days > {{ var('long_absence_days') }}
            when 'failed_areas' then features.n_failed_areas >= {{ var('abc_failed_areas') }}
            when 'over_age' then features.over_age_years >= {{ var('over_age_risk_years') }}
            when 'disability' then features.has_disability
            when 'own_language' then features.speaks_indigenous_language
            when 'no_document' then not features.has_validated_dni
            when 'poverty' then features.poverty_class > 0
            when 'school_meals' then features.level = 'B0' and features.is_public_school
        end as is_met,
        case services.support_code
            when 'JUNTOS' then features.receives_transfer
            when 'ALIMENTACION' then features.has_school_feeding
            when 'EIB' then features.is_bilingual_school
            else received.person_key is not null
        end as is_received
    from features
    cross join services
    left join received
        on
            features.child_key = received.person_key
            and services.support_code = received.support_code
),

needs as (
    select
        child_key,
        as_of_date,
        support_code,
        need,
        is_received
    from judged
    where is_met
)

select * from needs
