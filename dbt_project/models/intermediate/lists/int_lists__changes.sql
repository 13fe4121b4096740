with
former as (select * from {{ ref('int_lists__former') }}),
current_list as (select * from {{ ref('int_lists__current') }}),
capacities as (select * from {{ ref('int_lists__former_capacities') }}),
scores as (select * from {{ ref('risk_scores') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),

-- where date and model both changed: what the model that left would have made of the new date
former_ranks as (
    select
        child_key,
        row_number() over (
            partition by ugel_code order by ranking desc, child_key asc
        ) as former_rank
    from {{ ref('former_outputs') }}
),

entered as (
    select
        pupils.ugel_code,
        current_list.child_key,
        current_list.as_of_date,
        'entered' as change,
        case
            when current_list.rank_in_ugel > capacities.capacity then 'capacity'
            when former_ranks.former_rank <= capacities.capacity then 'data'
            when former_ranks.former_rank > capacities.capacity then 'model'
            else capacities.kind
        end as cause
    from current_list
    inner join pupils on {{ same_child_and_date('current_list', 'pupils') }}
    inner join capacities on pupils.ugel_code = capacities.ugel_code
    left join former on current_list.child_key = former.child_key
    left join former_ranks on current_list.child_key = former_ranks.child_key
    where former.child_key is null
),

-- who left is told to the UGEL that had the child on its list
gone as (
    select
        former.ugel_code,
        former.child_key,
        former.next_date as as_of_date,
        'left' as change,
        case
            when scores.child_key is null then 'not_scored'
            when scores.tier = 'alto' then 'decision'
            when scores.rank_in_ugel <= capacities.capacity then 'capacity'
            when former_ranks.former_rank > capacities.capacity then 'data'
            when former_ranks.former_rank <= capacities.capacity then 'model'
            else former.kind
        end as cause
    from former
    inner join capacities on former.ugel_code = capacities.ugel_code
    left join current_list on former.child_key = current_list.child_key
    left join former_ranks on former.child_key = former_ranks.child_key
    left join scores
        on
            former.child_key = scores.child_key
            and former.next_date = scores.as_of_date
            and former.next_version = scores.model_version
            and former.outcome = scores.outcome
    where current_list.child_key is null
),

changes as (
    select * from entered
    union all
    select * from gone
)

select * from changes
