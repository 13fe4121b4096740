{{ config(materialized='as_of') }}

with
known_classes as {{ known_by_child(ref('int_households__classes')) }},
transfers as {{ known_by_child(ref('int_households__transfers')) }},
last_roll as {{ of_date(ref('int_households__transfer_rolls')) }},

-- of a day's classifications under two keys of one child the one told last counts
classes as (
    select * from known_classes
    qualify row_number() over (
        partition by person_key, classified_date order by {{ told_last() }}
    ) = 1
),

ranked as (
    select
        *,
        row_number() over (partition by person_key order by classified_date desc) as recency,
        lead(poverty_class) over (
            partition by person_key order by classified_date desc
        ) as earlier_class
    from classes
),

last_classes as (
    select
        person_key,
        home_district_code,
        poverty_class,
        poverty_class - earlier_class as poverty_class_change,
        {{ whole_years('classified_date', as_of()) }} as class_age_years
    from ranked
    where recency = 1
),

enrolled as (
    select
        transfers.person_key,
        bool_or(transfers.is_active and transfers.roll_year = last_roll.roll_year)
            as receives_transfer,
        bool_or(transfers.is_active and transfers.roll_year = last_roll.roll_year - 1)
            as received_transfer,
        count(distinct case when transfers.is_active then transfers.roll_year end)
            as n_transfer_years
    from transfers
    cross join last_roll
    group by transfers.person_key
),

welfare as (
    select
        coalesce(last_classes.person_key, enrolled.person_key) as child_key,
        {{ as_of() }} as as_of_date,
        last_classes.home_district_code,
        last_classes.poverty_class,
        last_classes.poverty_class_change,
        last_classes.class_age_years,
        coalesce(enrolled.receives_transfer, false) as receives_transfer,
        coalesce(enrolled.received_transfer and not enrolled.receives_transfer, false)
            as has_lost_transfer,
        cast(coalesce(enrolled.n_transfer_years, 0) as integer) as n_transfer_years
    from last_classes
    full outer join enrolled on last_classes.person_key = enrolled.person_key
)

select * from welfare
