with
reviews as (select * from {{ source('landing', 'human_reviews') }}),

-- the newest decision of a human about a place on a list counts
removals as (
    select
        child_key,
        as_of_date,
        outcome
    from reviews
    group by child_key, as_of_date, outcome
    having max_by(decision, request_number) = 'remove'
)

select * from removals
