with
schools as {{ newest(ref('int_schools__registers')) }},
districts as {{ newest(ref('int_places__districts')) }},
places as {{ newest(ref('int_places__populated')) }},

-- of its schools, each as much: how many are rural, and how poor their districts are, from 0 to 1
ugels as (
    select
        schools.ugel_code,
        avg(cast(places.is_rural as integer)) as rural_share,
        -- a sum of decimals is the same in any order
        cast(sum(cast(districts.poverty_percent as decimal(9, 4))) as double)
        / count(districts.poverty_percent) / 100 as poverty_share
    from schools
    left join places on schools.populated_place_code = places.populated_place_code
    left join districts on schools.district_code = districts.district_code
    where schools.ugel_code is not null
    group by schools.ugel_code
),

distances as (
    select
        ugels.ugel_code,
        neighbors.ugel_code as similar_ugel_code,
        {{ rounded('abs(ugels.rural_share - neighbors.rural_share)'
            ~ ' + abs(ugels.poverty_share - neighbors.poverty_share)', 6) }} as distance
    from ugels
    inner join ugels as neighbors on ugels.ugel_code <> neighbors.ugel_code
),

nearest as (
    select
        *,
        row_number() over (
            partition by ugel_code order by distance asc, similar_ugel_code asc
        ) as nearness
    from distances
    where distance is not null
    qualify nearness <= 5
)

select
    ugel_code,
    similar_ugel_code,
    distance,
    cast(nearness as integer) as nearness
from nearest
