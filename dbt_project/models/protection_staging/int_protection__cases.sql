with
demuna as {{ standing(ref('stg_protection__demuna_cases')) }},
cem as {{ standing(ref('stg_protection__cem_cases')) }},
upe as {{ standing(ref('stg_protection__upe_cases')) }},

links as (
    select * from {{ ref('stg_protection__links') }}
    -- a link stays; else the last decision counts: of one day, a review before what was set apart
    qualify row_number() over (
        partition by _file, _line
        order by decision = 'link' desc, known_at desc, decision = 'review' desc
    ) = 1
),

reasons as (select * from {{ ref('case_reasons') }}),

last_merges as {{ newest(ref('int_children__merges')) }},

cases as (
    select * from demuna
    union all
    select * from cem
    union all
    select * from upe
),

-- a document names the child; without one a link does, if it is sure enough
named as (
    select
        cases.*,
        coalesce(cases.child_key, links.child_key) as found_key,
        case
            when cases.child_key is not null then 'document'
            when links.decision = 'link' then 'linked'
            when links.decision = 'review' then 'review'
            else 'unknown'
        end as linkage,
        links.probability as link_probability
    from cases
    left join links on cases._file = links._file and cases._line = links._line
    where cases.standing_until = {{ far_future() }}
),

linked as (
    select
        named.case_key,
        coalesce(last_merges.merged_into, named.found_key) as child_key,
        named.linkage,
        named.link_probability,
        named.district_code,
        named.office,
        named.reason,
        coalesce(contains(named.reason, 'VIOLENCIA') or reasons.is_violence, false) as is_violence,
        named.case_state,
        named.opened_date,
        named.closed_date,
        named._file,
        named._line,
        named.stood_at as known_at
    from named
    left join reasons on {{ without_accents('named.reason') }} = reasons.reason
    left join last_merges on named.found_key = last_merges.child_key
)

select * from linked
