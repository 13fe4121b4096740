with
totals as (select * from {{ ref('int_ministry__control_totals') }}),
departments as (select * from {{ ref('departments') }}),

-- rounded and hidden once, beside what officials see: see warehouse/publish/disclosure/totals.py
cells as (select * from {{ source('landing', 'operations_totals') }}),

schools as (
    select
        registers.service_code,
        departments.department_code
    from {{ ref('int_schools__registers') }} as registers
    inner join departments on registers.department_code = departments.department_code
    where registers.known_until = {{ far_future() }}
),

-- gaps are added up without their signs: too many here do not make up for too few there
compared as (
    select
        totals.school_year,
        coalesce(schools.department_code, '00') as department_code,
        totals.level,
        cast(sum(totals.n_published) as bigint) as n_published,
        cast(sum(totals.n_landed) as bigint) as n_landed,
        cast(sum(abs(totals.n_published - totals.n_landed)) as bigint) as n_gap,
        cast(sum(abs(totals.n_published_withdrawn - totals.n_landed_withdrawn)) as bigint)
            as n_withdrawn_gap
    from totals
    left join schools on totals.service_code = schools.service_code
    group by 1, 2, 3
),

registers as (select count(*) as n_schools from schools),

-- where no register names a school, the country is one department: see int_ministry__districts
placed as (
    select
        compared.*,
        case
            when registers.n_schools = 0 then left('{{ var("no_register") }}', 2)
            else compared.department_code
        end as place_code
    from compared
    cross join registers
),

-- the ministry's numbers as decided beside the districts that officials see, which they would
-- tell; ours are nearly those: where the ministry's are hidden so are they
decided as (
    select
        placed.*,
        cells.n_pupils as n_told,
        cells.n_pupils is not null or placed.n_published = 0 as is_told
    from placed
    left join cells
        on
            placed.school_year = cells.school_year
            and placed.place_code = cells.department_code
            and placed.level = cells.level
),

-- that totals agree to the last child is told; a gap of few is not, nor how large a part it is
told as (
    select
        school_year,
        department_code,
        level,
        n_told as n_published,
        case when is_told then {{ told_count('n_landed') }} end as n_landed,
        case
            when n_gap = 0 then 0
            when is_told then {{ told_count('n_gap') }}
        end as n_gap,
        case
            when n_withdrawn_gap = 0 then 0
            when is_told then {{ told_count('n_withdrawn_gap') }}
        end as n_withdrawn_gap,
        n_published > 0 and (
            n_gap < {{ var('smallest_shown') }}
            or {{ share('n_gap', 'n_published') }} <= {{ var('control_gap_share') }}
        ) as is_reconciled
    from decided
),

control as (
    select
        school_year,
        department_code,
        level,
        n_published,
        n_landed,
        n_gap,
        n_withdrawn_gap,
        {{ share('n_gap', 'n_published') }} as gap_share,
        is_reconciled
    from told
)

select * from control
