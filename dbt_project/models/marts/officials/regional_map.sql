with
shown as (select * from {{ ref('indicators') }} where department_code <> '00'),
regional_map as {{ tiles('shown', ['school_year', 'level', 'indicator']) }}

select * from regional_map
