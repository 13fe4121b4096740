with
facts as (select * from {{ ref('int_actions__facts') }}),
rules as (select * from {{ ref('action_rules') }}),

possible as (
    select
        facts.*,
        rules.rule,
        rules.rule_order,
        rules.theme,
        rules.is_tutor_safe
    from facts
    cross join rules
),

-- the conditions, one a rule; what each says and in which order they count stands in the seed
judged as (
    select
        child_key,
        rule,
        rule_order,
        theme,
        is_tutor_safe,
        case rule
            when 'in_transit' then is_in_transit
            when 'long_absence'
                then absence_days > {{ var('long_absence_days') }} and not has_home_visit
            when 'absences_after_visit'
                then absence_days > {{ var('long_absence_days') }} and has_home_visit
            when 'absences_rising'
                then
                    last_absence_days >= {{ var('some_absence_days') }}
                    and 2 * last_absence_days * earlier_open_days
                    > 3 * earlier_absence_days * last_open_days
            when 'absences_in_one_month'
                then
                    worst_absence_days >= {{ var('many_absence_days') }}
                    and 2 * worst_absence_days >= absence_days
            when 'unjustified_absences'
                then
                    unjustified_days >= {{ var('many_unjustified_days') }}
                    and 2 * unjustified_days > absence_days
            when 'absences_spread' then n_low_months >= {{ var('spread_absence_months') }}
            when 'late_often' then late_days >= {{ var('often_late_days') }}
            when 'moved' then n_moves_this_year > 0 and former_school is not null
            when 'reentered' then is_reentering
            when 'failed_most' then 2 * n_failed_areas >= n_areas
            when 'failed_some'
                then
                    n_failed_areas >= {{ var('abc_failed_areas') }} and not has_remedial_lessons
            when 'failed_despite_lessons'
                then n_failed_areas >= {{ var('abc_failed_areas') }} and has_remedial_lessons
            when 'failed_one' then n_failed_areas = 1
            when 'repeating' then is_repeating
            when 'next_school_far'
                then
                    is_last_of_stage and stage = 'primaria'
                    and secondary_distance_km > {{ var('far_secondary_km') }}
            when 'last_of_primary' then is_last_of_stage and stage = 'primaria'
            when 'over_age_adult'
                then
                    over_age_years >= {{ var('over_age_risk_years') }}
                    and age_years >= {{ var('alternative_from_age') }}
            when 'over_age' then over_age_years >= {{ var('over_age_risk_years') }}
            when 'attendance_missing' then n_missing_months > 0
            when 'no_document' then not has_validated_dni
            when 'support_ended'
                then
                    days_since_support
                    between {{ var('support_gap_days') }} and {{ var('support_past_days') }}
            when 'motherhood' then left_for_motherhood
            when 'risky_work' then weekly_work_hours >= {{ var('work_hours_risk') }}
            when 'left_before' then withdrawal_reason is not null and not left_for_motherhood
            when 'disability' then has_disability
            when 'own_language' then speaks_indigenous_language and not is_bilingual_school
            when 'poor_without_transfer' then is_poor_without_transfer
            when 'lost_transfer' then has_lost_transfer
            when 'class_expired' then is_class_expired
            when 'talk' then true
        end as is_met
    from possible
),

-- of rules that say the same thing more and less closely, the first speaks
met as (
    select
        child_key,
        rule
    from judged
    where is_met
    -- and what is said where nothing else is, only there
    qualify
        row_number() over (partition by child_key, theme order by rule_order) = 1
        and (
            rule <> 'talk'
            or count(case when is_tutor_safe then 1 end) over (partition by child_key) = 1
        )
)

select * from met
