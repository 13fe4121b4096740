with
totals as (select * from {{ ref('int_ministry__control_totals') }}),
departments as (select * from {{ ref('departments') }}),

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

control as (
    select
        *,
        {{ share('n_gap', 'n_published') }} as gap_share,
        coalesce({{ share('n_gap', 'n_published') }} <= {{ var('control_gap_share') }}, false)
            as is_reconciled
    from compared
)

select * from control
