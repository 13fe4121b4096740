{#- What it finds: a live score that is not, to 1e-9, its segment's intercept and slope times the
    base and the points of the child's own values in ml.model_terms.
    Why it matters: an auditor recomputes a score by looking points up; if that gives another
    number, reasons are wrong.
    What to do: do not publish; compare the registered model's checksum, its terms and the features
    of one such child. -#}
{%- set features = model_features() -%}
with
live as (
    select * from {{ source('ml', 'model_versions') }} where is_live and algorithm = 'additive'
),
terms as (select * from {{ source('ml', 'model_terms') }}),

calibrations as (
    select
        slopes.model_version,
        replace(slopes.feature, 'slope:', '') as segment,
        slopes.points as slope,
        intercepts.points as intercept
    from terms as slopes
    inner join terms as intercepts
        on
            slopes.model_version = intercepts.model_version
            and intercepts.feature = replace(slopes.feature, 'slope:', 'intercept:')
    where slopes.feature like 'slope:%'
),

sizes as (
    select
        model_version,
        count(distinct feature) as n_features
    from terms
    where feature not like '%:%'
    group by model_version
),

scored as (
    select
        scores.child_key,
        scores.as_of_date,
        scores.model_version,
        scores.log_odds,
        live.intercept
    from {{ ref('risk_scores') }} as scores
    inner join live on scores.model_version = live.model_version and scores.outcome = live.outcome
),

wide as (
    select
        scored.child_key,
        scored.as_of_date,
        scored.model_version,
        {{ segment_of('features') }} as segment,
        {% for feature in features -%}
        cast(features.{{ feature }} as double) as {{ feature }}{{ ', ' if not loop.last }}
        {% endfor %}
    from scored
    inner join {{ ref('child_features') }} as features
        on scored.child_key = features.child_key and scored.as_of_date = features.as_of_date
),

long as (
    select * from wide unpivot include nulls (value for feature in ({{ features | join(', ') }}))
),

-- each distinct value is looked up once
pairs as (
    select distinct
        model_version,
        feature,
        value
    from long
),

looked_up as (
    select
        pairs.model_version,
        pairs.feature,
        pairs.value,
        terms.points
    from pairs
    inner join terms
        on
            pairs.model_version = terms.model_version
            and pairs.feature = terms.feature
            and (
                (pairs.value is null and terms.bin = 0)
                or (
                    pairs.value is not null
                    and terms.bin > 0
                    and (terms.lower_edge is null or pairs.value > terms.lower_edge)
                    and (terms.upper_edge is null or pairs.value <= terms.upper_edge)
                )
            )
),

pointed as (
    select
        long.child_key,
        long.as_of_date,
        long.model_version,
        long.segment,
        sum(looked_up.points) as points,
        count(*) as n_features
    from long
    inner join looked_up
        on
            long.model_version = looked_up.model_version
            and long.feature = looked_up.feature
            and long.value is not distinct from looked_up.value
    group by 1, 2, 3, 4
)

select
    scored.*,
    pointed.points
from scored
left join pointed
    on
        scored.child_key = pointed.child_key
        and scored.as_of_date = pointed.as_of_date
        and scored.model_version = pointed.model_version
left join sizes on scored.model_version = sizes.model_version
left join calibrations as own
    on scored.model_version = own.model_version and pointed.segment = own.segment
-- a model of former code knows no part of the year
left join calibrations as former
    on
        scored.model_version = former.model_version
        and former.segment = regexp_replace(pointed.segment, '·[0-9]+$', '')
left join calibrations as whole
    on scored.model_version = whole.model_version and whole.segment = 'all'
where
    not coalesce(
        abs(
            coalesce(own.slope, former.slope, whole.slope, 1) * (pointed.points + scored.intercept)
            + coalesce(own.intercept, former.intercept, whole.intercept, 0)
            - scored.log_odds
        ) <= 1e-9,
        false
    )
    or pointed.n_features <> sizes.n_features
