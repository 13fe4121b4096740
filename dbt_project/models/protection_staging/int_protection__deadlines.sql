with
cases as (select * from {{ ref('int_protection__cases') }} where case_state = 'ABIERTO'),
holidays as (select * from {{ ref('int_parameters__holidays') }}),

stated as (
    select p.*
    from {{ ref('stg_home__parameters') }} as p
    where p.kind = 'deadline' and {{ was_known('p', today()) }}
),

-- what is stated of violence goes before what is stated of any case;
-- of each what held when the case was opened
given_days as (
    select
        cases.case_key,
        cases.opened_date,
        stated.working_days,
        stated.basis
    from cases
    inner join stated
        on
            cases.office = stated.office
            and cases.opened_date >= stated.valid_from
            and (stated.matter = 'any' or cases.is_violence)
    qualify row_number() over (
        partition by cases.case_key
        order by
            stated.matter = 'violence' desc, stated.valid_from desc, stated.parameter_number desc
    ) = 1
),

-- a deadline runs from the next working day on (TUO of Ley 27444, art. 144 and 145);
-- three days for each and a month hold as many working days, whatever holidays lie between
numbers as (
    select
        *,
        unnest(generate_series(1, 3 * working_days + 30)) as n
    from given_days
),

days as (
    select
        *,
        {{ days_after('opened_date', 'n') }} as due_on
    from numbers
),

counted as (
    select
        days.*,
        row_number() over (partition by days.case_key order by days.due_on) as nth
    from days
    left join holidays on days.due_on = holidays.holiday_date
    where holidays.holiday_date is null and {{ day_of_week('days.due_on') }} <= 5
),

deadlines as (
    select
        case_key,
        working_days,
        basis,
        due_on
    from counted
    where nth = working_days
)

select * from deadlines
