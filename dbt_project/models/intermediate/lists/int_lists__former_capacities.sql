with
former as (select * from {{ ref('int_lists__former') }}),
scores as (select * from {{ ref('risk_scores') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),

compared as (
    select distinct -- two lists are compared, each with one date and one model
        as_of_date,
        model_version,
        outcome,
        kind
    from former
),

-- a UGEL's capacity at the former list is the number of its children in tier alto
capacities as (
    select
        pupils.ugel_code,
        compared.kind,
        count(*) as capacity
    from scores
    inner join compared
        on
            scores.as_of_date = compared.as_of_date
            and scores.model_version = compared.model_version
            and scores.outcome = compared.outcome
    inner join pupils on {{ same_child_and_date('scores', 'pupils') }}
    where scores.tier = 'alto'
    group by pupils.ugel_code, compared.kind
)

select * from capacities
