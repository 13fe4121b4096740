with
schools as (
    select * from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }} and ugel_code is not null
),

-- an office stands in the middle of its schools and in one department, though a register may err
places as (
    select
        ugel_code,
        min(department_code) as department_code,
        median(latitude) as latitude,
        median(longitude) as longitude
    from schools
    group by ugel_code
)

select * from places
