with
maturity as (select * from {{ ref('int_maturity__dates') }}),
merged_keys as (select * from {{ ref('int_children__merges') }}),
years as (select * from {{ ref('int_progression__years') }}),

alternative as (
    select
        child_key,
        school_year,
        min(known_at) as known_at
    from {{ ref('stg_eba__enrollments') }}
    where child_key is not null
    group by child_key, school_year
),

-- facts as they were known when the year's label became final
results as (
    select
        coalesce(merged_keys.merged_into, years.child_key) as child_key,
        years.school_year,
        years.grade,
        years.year_result
    from years
    inner join maturity on years.school_year = maturity.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and maturity.interruption_known_at >= merged_keys.known_at
            and maturity.interruption_known_at < merged_keys.known_until
    where
        maturity.interruption_known_at >= years.known_at
        and maturity.interruption_known_at < years.known_until
),

fates as (
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
    inner join maturity on years.school_year - 1 = maturity.school_year
    left join merged_keys
        on
            years.child_key = merged_keys.child_key
            and maturity.interruption_known_at >= merged_keys.known_at
            and maturity.interruption_known_at < merged_keys.known_until
    where maturity.interruption_known_at >= years.known_at
),

moved as (
    select distinct -- one row per child and year before, whatever the number of centers
        coalesce(merged_keys.merged_into, alternative.child_key) as child_key,
        alternative.school_year - 1 as school_year
    from alternative
    inner join maturity on alternative.school_year - 1 = maturity.school_year
    left join merged_keys
        on
            alternative.child_key = merged_keys.child_key
            and maturity.interruption_known_at >= merged_keys.known_at
            and maturity.interruption_known_at < merged_keys.known_until
    where maturity.interruption_known_at >= alternative.known_at
),

joined as (
    select
        fates.child_key,
        fates.school_year,
        fates.is_deceased,
        fates.is_emigrated,
        fates.is_graduate,
        followed.child_key is not null as is_enrolled_after,
        moved.child_key is not null as is_in_alternative_after
    from fates
    left join followed
        on fates.child_key = followed.child_key and fates.school_year = followed.school_year
    left join moved on fates.child_key = moved.child_key and fates.school_year = moved.school_year
)

select * from joined
