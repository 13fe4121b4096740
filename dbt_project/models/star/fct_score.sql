-- depends_on: {{ ref('dim_pupil') }}: a task's tests run when it ends
with
scores as (select * from {{ ref('risk_scores') }}),
versions as (select * from {{ source('ml', 'model_versions') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),
last_merges as {{ newest(ref('int_children__merges')) }},
schools as (select * from {{ ref('dim_school') }}),

scored as (
    select
        {{ pupil_key('coalesce(last_merges.merged_into, scores.child_key)',
            'pupils.school_year') }} as pupil_key,
        scores.child_key,
        pupils.school_year,
        scores.as_of_date,
        scores.outcome,
        scores.model_version,
        coalesce(versions.is_live, false) as is_of_live_model,
        schools.school_key,
        scores.probability,
        scores.rank_in_ugel,
        scores.tier,
        scores.expires_on,
        {{ lima_day('scores.scored_at') }} as known_from
    from scores
    inner join pupils on {{ same_child_and_date('scores', 'pupils') }}
    left join last_merges on scores.child_key = last_merges.child_key
    left join versions
        on scores.model_version = versions.model_version and scores.outcome = versions.outcome
    left join schools
        on
            pupils.service_code = schools.service_code
            and {{ holds_on('schools', 'scores.as_of_date') }}
)

select * from scored
