with
published as (select * from {{ ref('int_ministry__totals') }}),
levels as (select * from {{ ref('levels') }} where is_covered),

spells as (
    select * from {{ ref('int_enrollments__spells') }}
    where known_until = {{ far_future() }} and final_result is not null
),

landed as (
    select
        school_year,
        service_code,
        level,
        {{ age_at_march('birth_date', 'school_year') }} as age_years,
        count(*) as n_pupils,
        count_if(final_result = 'RETIRADO') as n_withdrawn
    from spells
    where school_year in (select published.school_year from published)
    group by 1, 2, 3, 4
),

-- one row each, then added up: what stands on one side only needs no outer join
both_sides as (
    select
        school_year,
        service_code,
        level,
        age_years,
        n_pupils as n_published,
        0 as n_landed,
        n_withdrawn as n_published_withdrawn,
        0 as n_landed_withdrawn
    from published
    union all
    select
        school_year,
        service_code,
        level,
        age_years,
        0 as n_published,
        n_pupils as n_landed,
        0 as n_published_withdrawn,
        n_withdrawn as n_landed_withdrawn
    from landed
),

totals as (
    select
        school_year,
        service_code,
        level,
        age_years,
        cast(sum(n_published) as bigint) as n_published,
        cast(sum(n_landed) as bigint) as n_landed,
        cast(sum(n_published_withdrawn) as bigint) as n_published_withdrawn,
        cast(sum(n_landed_withdrawn) as bigint) as n_landed_withdrawn
    from both_sides
    -- of other levels no pupil can land, so nothing is to be compared
    where level in (select levels.level from levels)
    group by 1, 2, 3, 4
)

select * from totals
