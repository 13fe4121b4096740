with
cases as (select * from {{ ref('int_protection__cases') }} where case_state = 'ABIERTO'),
holidays as (select * from {{ ref('int_parameters__holidays') }}),
stated as {{ stated_today('deadline', ['office', 'matter', 'valid_from']) }},

-- violence goes before any case; of each what held when the case was opened
given_days as (
    select
        stated.*,
        cases.case_key,
        cases.opened_date
    from cases
    inner join stated on cases.office = stated.office and cases.opened_date >= stated.valid_from
    where stated.matter = 'any' or cases.is_violence
    qualify row_number() over (partition by case_key order by matter desc, valid_from desc) = 1
),

-- from the next working day on (TUO of Ley 27444, art. 144 and 145); 3 days for each suffice
days as (
    select
        *,
        {{ days_after('opened_date',
            'unnest(generate_series(1, 3 * working_days + 30))') }} as due_on
    from given_days
)

select
    days.case_key,
    days.working_days,
    days.basis,
    days.due_on
from days
left join holidays on days.due_on = holidays.holiday_date
where holidays.holiday_date is null and {{ day_of_week('days.due_on') }} <= 5
qualify row_number() over (partition by days.case_key order by days.due_on) = days.working_days
