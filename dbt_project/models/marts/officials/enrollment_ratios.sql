{#- ratio → of which indicator, which of its shown counts, and of which population -#}
{%- set ratios = {
    'gross_enrollment': ['official_age', 'n_pupils', 'n_of_official_age'],
    'net_enrollment': ['official_age', 'n_cases', 'n_of_official_age'],
    'gross_intake': ['intake', 'n_pupils', 'n_of_first_age'],
    'net_intake': ['intake', 'n_cases', 'n_of_first_age'],
    'out_of_school': ['in_school', 'n_pupils', 'n_of_official_age'],
} -%}

with
-- rounded and hidden as they are
indicators as (select * from {{ ref('indicators') }}),
populations as (select * from {{ ref('int_places__populations') }}),

counted as (
    {% for ratio, (indicator, count, population) in ratios.items() %}
        select
            indicators.school_year,
            indicators.department_code,
            indicators.department_name,
            indicators.level,
            '{{ ratio }}' as ratio,
            indicators.{{ count }} as n_enrolled,
            populations.{{ population }} as n_population
        from indicators
        inner join populations
            on
                indicators.school_year = populations.calendar_year
                and indicators.department_code = populations.department_code
                and indicators.level = populations.level
        where indicators.indicator = '{{ indicator }}'
        {% if not loop.last %} union all {% endif %}
    {% endfor %}
)

-- of fewer than are shown of anything, or of fewer than none, there is no share
select
    *,
    case
        when ratio <> 'out_of_school' then {{ share('n_enrolled', 'n_population', 3) }}
        when n_population - n_enrolled >= {{ var('smallest_shown') }}
            then {{ share('n_population - n_enrolled', 'n_population', 3) }}
    end as ratio_value,
    ratio_value is null as is_hidden
from counted
