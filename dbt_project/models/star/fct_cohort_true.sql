with
pupils as {{ pupils_by_group() }},

entrants as (
    select
        child_key,
        group_name,
        min(school_year) as school_year
    from pupils
    where grade = 4 and not is_repeater
    group by child_key, group_name
),

reached as (
    select
        entrants.child_key,
        entrants.group_name,
        entrants.school_year,
        max(case when pupils.flow = 'graduated' then 15 else pupils.grade end) as highest_grade
    from entrants
    inner join pupils
        on
            entrants.child_key = pupils.child_key
            and entrants.group_name = pupils.group_name
            and entrants.school_year <= pupils.school_year
    group by entrants.child_key, entrants.group_name, entrants.school_year
),

grades as (
    select {{ each_number(5, 15) }} as grade
),

told as (
    select
        max(school_year) as last_year,
        max(case when flow is not null then school_year end) as last_flow_year
    from pupils
),

-- 15 stands for who finished secondary; a grade is told once the cohort could be in it, its end
-- once the next year has told
true_cohorts as (
    select
        reached.school_year,
        reached.group_name,
        grades.grade,
        count(*) as n_cohort,
        {{ rounded('avg(cast(reached.highest_grade >= grades.grade as integer))', 6) }}
            as survival_share
    from reached
    cross join grades
    cross join told
    where
        reached.school_year + grades.grade - 4
        <= case when grades.grade = 15 then told.last_flow_year + 1 else told.last_year end
    group by reached.school_year, reached.group_name, grades.grade
)

select * from true_cohorts
