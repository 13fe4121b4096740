with
totals as (select * from {{ ref('int_ministry__dropout_totals') }}),

-- rounded and hidden once, beside what officials see: see warehouse/publish/disclosure/totals.py
cells as (select * from {{ source('landing', 'operations_totals') }} where level = '*'),

-- the ministry's numbers as decided beside the districts that officials see, which they would tell;
-- ours are near those: where the ministry's are hidden so are they
told as (
    select
        totals.school_year,
        totals.department_code,
        cells.n_pupils as n_published,
        case
            when cells.n_pupils is not null or totals.n_published = 0
                then {{ told_count('totals.n_landed') }}
        end as n_landed,
        cells.n_dropouts as n_published_exits,
        case
            when cells.n_dropouts is not null or totals.n_published = 0
                then {{ told_part('totals.n_landed_exits', 'totals.n_landed') }}
        end as n_landed_exits
    from totals
    left join cells
        on
            totals.school_year = cells.school_year
            and totals.department_code = cells.department_code
),

compared as (
    select
        *,
        {{ share('n_published_exits', 'n_published') }} as published_exit_share,
        {{ share('n_landed_exits', 'n_landed') }} as landed_exit_share,
        {{ gap(share('n_landed_exits', 'n_landed'), share('n_published_exits', 'n_published')) }}
            as exit_share_gap
    from told
)

select * from compared
