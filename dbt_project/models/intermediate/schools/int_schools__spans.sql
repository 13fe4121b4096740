{%- set registered = [
    'school_name', 'site_code', 'level', 'ugel_code', 'department_code', 'district_code',
    'populated_place_code', 'is_public', 'is_bilingual', 'latitude', 'longitude',
] -%}

with
registers as {{ merged_versions(ref('int_schools__registers'), 'service_code', registered) }},

spells as (select * from {{ ref('int_enrollments__spells') }}),

-- who sent pupils and stands in no register is a school too
services as (
    select service_code from registers
    union
    select service_code from spells
),

-- when a span begins in which no register names the school: before the first, or after one
ends as (
    select
        service_code,
        {{ beginning() }} as valid_from
    from services
    union
    select
        service_code,
        valid_until as valid_from
    from registers
    where valid_until < {{ far_future() }}
),

starts as (
    select
        ends.service_code,
        ends.valid_from,
        min(registers.valid_from) as valid_until
    from ends
    left join registers
        on ends.service_code = registers.service_code and ends.valid_from <= registers.valid_from
    group by ends.service_code, ends.valid_from
),

gaps as (
    select
        service_code,
        valid_from,
        coalesce(valid_until, {{ far_future() }}) as valid_until
    from starts
    where valid_until > valid_from or valid_until is null
),

spans as (
    {% set nothing = dict.fromkeys(registered, 'null') %}
    {{ stacked(['service_code', 'valid_from', 'valid_until', 'is_registered'] + registered, {
        'registers': {'is_registered': 'true'}, 'gaps': dict(nothing, is_registered='false'),
    }) }}
)

select * from spans
