with
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),
merged_keys as (select * from {{ ref('int_children__merges') }}),
years as (select * from {{ ref('int_enrollments__results') }}),

alternative as (select * from {{ ref('int_enrollments__alternative') }}),

-- facts as they were known when the year's label became final
results as (
    select
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year,
        years.grade,
        years.level,
        years.service_code,
        years.school_order,
        years.year_result,
        years.is_deceased,
        years.is_emigrated
    from years
    inner join label_dates on years.school_year = label_dates.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and {{ was_known('merged_keys', 'label_dates.interruption_known_at') }}
    where {{ was_known('years', 'label_dates.interruption_known_at') }}
),

year_ends as (
    select
        child_key,
        school_year,
        max_by(service_code, school_order) as service_code,
        max_by(level, school_order) as level,
        bool_or(is_deceased) as is_deceased,
        bool_or(is_emigrated) as is_emigrated,
        bool_or(year_result = 'passed' and grade = 14) as is_graduate
    from results
    group by child_key, school_year
),

followed as (
    -- one row per child and year before, whatever the number of schools
    select
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year - 1 as school_year,
        bool_or({{ is_regular('years.level') }}) as is_regular
    from years
    inner join label_dates on years.school_year - 1 = label_dates.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and {{ was_known('merged_keys', 'label_dates.interruption_known_at') }}
    where {{ was_known('years', 'label_dates.interruption_known_at') }}
    group by coalesce(merged_keys.merged_into, years.child_key), years.school_year
),

moved as (
    select distinct -- one row per child and year before, whatever the number of centers
        coalesce(merged_keys.merged_into, alternative.child_key) as child_key,
        alternative.school_year - 1 as school_year
    from alternative
    inner join label_dates on alternative.school_year - 1 = label_dates.school_year
    left join merged_keys
        on
            alternative.child_key = merged_keys.child_key
            and {{ was_known('merged_keys', 'label_dates.interruption_known_at') }}
    where {{ was_known('alternative', 'label_dates.interruption_known_at') }}
),

joined as (
    select
        year_ends.child_key,
        year_ends.school_year,
        year_ends.service_code,
        year_ends.level,
        year_ends.is_deceased,
        year_ends.is_emigrated,
        year_ends.is_graduate,
        followed.child_key is not null as is_enrolled_after,
        coalesce(followed.is_regular, false) as is_regular_after,
        moved.child_key is not null as is_in_alternative_after
    from year_ends
    left join followed
        on year_ends.child_key = followed.child_key and year_ends.school_year = followed.school_year
    left join moved
        on year_ends.child_key = moved.child_key and year_ends.school_year = moved.school_year
)

select * from joined
