with
pupils as {{ pupils_by_group() }},

-- who repeats tries again: of those who do not, so many are promoted
rates as (
    select
        school_year,
        group_name,
        grade,
        sum(cast(flow in ('promoted', 'graduated') as integer))
        / nullif(sum(cast(flow not in ('died', 'repeated') as integer)), 0) as passing_share
    from pupils
    where flow is not null
    group by school_year, group_name, grade
),

-- grade 15 stands for who finished secondary; a grade of nobody breaks the chain
reconstructed as (
    select
        school_year,
        group_name,
        cast(grade + 1 as integer) as grade,
        case
            when count(passing_share) over chain < grade - 3 then null
            when min(passing_share) over chain = 0 then 0
            else {{ rounded('exp(sum(ln(nullif(passing_share, 0))) over chain)', 6) }}
        end as survival_share
    from rates
    window chain as (
        partition by school_year, group_name order by grade rows unbounded preceding
    )
)

select * from reconstructed
