with
schools as (
    select * from {{ ref('int_schools__registers') }}
    where known_until = {{ far_future() }} and ugel_code is not null
),

-- no source says where an office has its seat: the middle of its schools; one department, also where a register errs
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
