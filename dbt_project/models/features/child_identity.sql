with
pupils as {{ of_date(ref('int_pupils__as_of')) }},
merged_keys as {{ known(ref('int_children__merges')) }},

doubles as (
    select distinct merged_into -- a child can have had more than two keys
    from merged_keys
),

identity as (
    select
        pupils.child_key,
        pupils.as_of_date,
        pupils.grade,
        pupils.grade = 10 as is_first_of_secondary,
        cast(month(pupils.as_of_date) as bigint) as school_month,
        {{ age_at_march('pupils.birth_date', 'pupils.school_year') }} as age_years,
        -- 0 for who is born in April of a cohort, 11 for who is born in March
        cast(mod(month(pupils.birth_date) + 8, 12) as integer) as cohort_month,
        coalesce(pupils.sex = 'M', false) as is_female,
        {{ speaks_indigenous('pupils.mother_tongue') }} as speaks_indigenous_language,
        coalesce(pupils.birth_country <> 'PERU', false) as is_foreign,
        pupils.disability is not null as has_disability,
        coalesce(pupils.is_dni_validated, false) as has_validated_dni,
        doubles.merged_into is not null as was_registered_twice
    from pupils
    left join doubles on pupils.child_key = doubles.merged_into
)

select * from identity
