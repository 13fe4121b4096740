with
lists as (select * from {{ source('ml', 'lists') }}),
current_list as (select * from {{ ref('int_lists__current') }}),
pupils as (select * from {{ ref('int_pupils__as_of') }}),

newest as (
    select distinct -- a list has one date and one model
        as_of_date,
        model_version,
        outcome
    from current_list
),

-- the newest list published before the current one
former as (
    select
        lists.child_key,
        pupils.ugel_code,
        lists.as_of_date,
        lists.model_version,
        lists.outcome,
        newest.as_of_date as next_date,
        newest.model_version as next_version,
        case
            when lists.model_version = newest.model_version then 'data'
            when lists.as_of_date = newest.as_of_date then 'model'
            else 'data_and_model'
        end as kind
    from lists
    inner join newest on lists.outcome = newest.outcome
    inner join pupils on {{ same_child_and_date('lists', 'pupils') }}
    where
        lists.as_of_date <= newest.as_of_date
        and (lists.as_of_date <> newest.as_of_date or lists.model_version <> newest.model_version)
    qualify dense_rank() over (order by lists.release_id desc, lists.as_of_date desc) = 1
)

select * from former
