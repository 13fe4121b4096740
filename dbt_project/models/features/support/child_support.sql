with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

support as {{ known_by_child(ref('int_support__received')) }},

counted as (
    select
        person_key,
        sum(cast(year(support_date) = year({{ as_of() }}) as integer)) as n_this_year,
        sum(cast(year(support_date) = year({{ as_of() }}) - 1 as integer)) as n_last_year,
        max(support_date) as last_support_date
    from support
    where support_date <= {{ as_of() }}
    group by person_key
),

received as (
    select
        pupils.child_key,
        pupils.as_of_date,
        cast(coalesce(counted.n_this_year, 0) as integer) as n_supports_this_year,
        cast(coalesce(counted.n_last_year, 0) as integer) as n_supports_last_year,
        cast({{ days_between('counted.last_support_date', 'pupils.as_of_date') }} as integer)
            as days_since_support
    from pupils
    left join counted on pupils.child_key = counted.person_key
)

select * from received
