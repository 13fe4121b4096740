with
source as (select * from {{ source('landing', 'parameters') }}),

renamed as (
    select
        -- keys
        parameter_number,
        ugel_code,
        support_code,
        indicator,
        level,
        office,
        matter,
        -- text
        kind,
        holiday_name,
        basis,
        -- numbers
        capacity_children,
        capacity_share,
        unit_cost_soles,
        target_share,
        working_days,
        is_holiday,
        -- dates
        valid_from,
        known_at,
        coalesce(withdrawn_on, {{ far_future() }}) as known_until
    from source
)

select * from renamed
