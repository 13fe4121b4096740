with

maturity as (
    select * from {{ ref('int_maturity__dates') }}
),

merges as (
    select * from {{ ref('int_children__merges') }}
),

years as (
    select * from {{ ref('int_progression__years') }}
),

results as (
    select
        coalesce(merges.merged_into, years.child_key) as child_key,
        years.school_year,
        bool_or(years.year_result = 'failed') as has_failed,
        bool_or(years.year_result = 'passed') as has_passed
    from years
    inner join maturity on years.school_year = maturity.school_year
    left join merges
        on
            years.child_key = merges.child_key
            and maturity.repetition_known_at >= merges.known_at
            and maturity.repetition_known_at < merges.known_until
    where
        maturity.repetition_known_at >= years.known_at
        and maturity.repetition_known_at < years.known_until
    group by 1, 2
)

select * from results
