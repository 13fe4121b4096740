with
cases as (select * from {{ ref('int_protection__cases') }} where case_state = 'ABIERTO'),
holidays as (select * from {{ ref('int_parameters__holidays') }}),
stated as {{ stated_today('deadline', ['office', 'matter', 'valid_from']) }},

-- what is stated of violence goes first
given_days as (
    select
        s.*,
        c.case_key,
        c.opened_date
    from cases as c
    inner join stated as s on c.office = s.office and c.opened_date >= s.valid_from
    where s.matter = 'any' or c.is_violence
    qualify
        row_number() over (partition by c.case_key order by s.matter desc, s.valid_from desc) = 1
),

-- three days for each and a month hold as many working days, whatever holidays lie between
numbers as (
    select
        *,
        {{ each_number(1, '3 * working_days + 30') }} as n
    from given_days
),

-- from the next working day on (TUO of Ley 27444, art. 144 and 145)
days as (
    select
        *,
        {{ days_after('opened_date', 'n') }} as due_on
    from numbers
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
