with
label_dates as (select * from {{ ref('int_calendar__label_dates') }}),
merged_keys as (select * from {{ ref('int_children__merges') }}),
years as (select * from {{ ref('int_enrollments__results') }}),

centers as {{ standing(ref('stg_eba__enrollments')) }},

alternative as (
    select
        child_key,
        school_year,
        stood_at as known_at,
        standing_until as known_until
    from centers
    where child_key is not null
),

-- facts as they were known when the year's label became final
results as (
    select
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year,
        years.grade,
        years.year_result
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
        bool_or(year_result = 'deceased') as is_deceased,
        bool_or(year_result = 'emigrated') as is_emigrated,
        bool_or(year_result = 'passed' and grade = 14) as is_graduate
    from results
    group by child_key, school_year
),

followed as (
    select distinct -- one row per child and year before, whatever the number of schools
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year - 1 as school_year
    from years
    inner join label_dates on years.school_year - 1 = label_dates.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and {{ was_known('merged_keys', 'label_dates.interruption_known_at') }}
    where {{ was_known('years', 'label_dates.interruption_known_at') }}
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
        year_ends.is_deceased,
        year_ends.is_emigrated,
        year_ends.is_graduate,
        followed.child_key is not null as is_enrolled_after,
        moved.child_key is not null as is_in_alternative_after
    from year_ends
    left join followed
        on year_ends.child_key = followed.child_key and year_ends.school_year = followed.school_year
    left join moved
        on year_ends.child_key = moved.child_key and year_ends.school_year = moved.school_year
)

select * from joined
