with
months as (select * from {{ ref('int_actions__months') }}),

numbered as (
    select
        *,
        month = max(month) over (partition by child_key) as is_last,
        row_number() over (partition by child_key, is_low order by month) as low_position,
        count(*) over (partition by child_key, is_low) as n_alike
    from months
),

years as (
    select
        child_key,
        cast(count(*) as integer) as n_months,
        cast(sum(open_days) as integer) as open_days,
        cast(sum(absence_days) as integer) as absence_days,
        cast(sum(unjustified_absence_days) as integer) as unjustified_days,
        -- of two months as bad the later one
        max_by(month_name, 100 * absence_days + month) as worst_month,
        cast(max_by(open_days, 100 * absence_days + month) as integer) as worst_open_days,
        cast(max(absence_days) as integer) as worst_absence_days,
        max(case when is_last then month_name end) as last_month,
        cast(sum(case when is_last then open_days end) as integer) as last_open_days,
        cast(sum(case when is_last then absence_days end) as integer) as last_absence_days,
        cast(sum(cast(is_low as integer)) as integer) as n_low_months
    from numbered
    group by child_key
),

low_months as (
    select
        child_key,
        {{ spoken_list('month_name', 'low_position', 'n_alike') }} as low_months
    from numbered
    where is_low
    group by child_key
),

absences as (
    select
        years.*,
        years.open_days - years.last_open_days as earlier_open_days,
        years.absence_days - years.last_absence_days as earlier_absence_days,
        years.absence_days - years.worst_absence_days as other_absence_days,
        low_months.low_months
    from years
    left join low_months on years.child_key = low_months.child_key
)

select * from absences
