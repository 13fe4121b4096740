with
versions as {{ merged_versions(ref('int_places__districts'), 'district_code', [
    'district_name', 'province_name', 'reniec_code',
]) }},

schools as {{ newest(ref('int_schools__registers')) }},
departments as (select * from {{ ref('departments') }}),

offices as (
    select
        district_code,
        ugel_code,
        count(*) as n_schools
    from schools
    where ugel_code is not null
    group by district_code, ugel_code
),

-- the office of most of the district's schools today
largest_offices as (
    select * from offices
    qualify row_number() over (
        partition by district_code order by n_schools desc, ugel_code asc
    ) = 1
),

places as (
    select
        {{ version_key('versions.district_code', 'versions.valid_from') }} as place_key,
        versions.district_code,
        versions.reniec_code,
        versions.district_name,
        versions.province_name,
        left(versions.district_code, 2) as department_code,
        departments.department_name,
        {{ regional_directorate('versions.district_code', 'departments.department_name') }}
            as dre_name,
        largest_offices.ugel_code,
        versions.valid_from,
        versions.valid_until
    from versions
    left join departments on left(versions.district_code, 2) = departments.department_code
    left join largest_offices on versions.district_code = largest_offices.district_code
)

select * from places
