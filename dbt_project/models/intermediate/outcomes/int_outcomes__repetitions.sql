with
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),
merged_keys as (select * from {{ ref('int_children__merges') }}),
years as (select * from {{ ref('int_enrollments__results') }}),

results as (
    select
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year,
        max_by(coalesce(years.year_result, 'unknown'), years.school_order) as year_result
    from years
    inner join label_dates on years.school_year = label_dates.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and {{ was_known('merged_keys', 'label_dates.repetition_known_at') }}
    where
        {{ was_known('years', 'label_dates.repetition_known_at') }}
        and years.year_result is distinct from 'transferred'
    group by 1, 2
),

decided as (
    select
        child_key,
        school_year,
        year_result = 'failed' as has_failed,
        year_result = 'passed' as has_passed
    from results
)

select * from decided
