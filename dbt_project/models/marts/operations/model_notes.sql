with
notes as (select * from {{ source('ml', 'model_notes') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),

-- of everybody the figure is told; of a segment only that it is beyond: few might stand behind it
told as (
    select
        notes.model_version,
        notes.outcome,
        notes.kind,
        notes.withholds,
        notes.segment,
        notes.metric,
        case when notes.segment = 'all' then {{ rounded('notes.value', 2) }} end as value,
        notes.noted_on,
        coalesce(versions.is_live, false) as is_live
    from notes
    left join versions
        on notes.model_version = versions.model_version and notes.outcome = versions.outcome
)

select * from told
