with
work as (
    select * from {{ ref('child_work') }} where has_risky_work_hours
    qualify as_of_date = max(as_of_date) over ()
),

pupils as (select * from {{ ref('int_pupils__as_of') }}),
services as (select * from {{ ref('services') }} where need = 'risky_work'),

-- a referral and no ranking: the office decides whom it sees first
referrals as (
    select
        left(pupils.district_code, 4) as area_code,
        work.as_of_date,
        cast(work.child_key as string) as child_key,
        pupils.service_code,
        {{ school_name('pupils.service_code') }} as school_name,
        work.weekly_work_hours,
        services.service_name,
        services.need_text
    from work
    inner join pupils on {{ same_child_and_date('work', 'pupils') }}
    inner join services
        on work.as_of_date >= services.valid_from and work.as_of_date < services.valid_until
)

select * from referrals where area_code is not null
