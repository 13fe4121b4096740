with

pupils as (
    select * from {{ ref('int_pupils__as_of') }}
    where as_of_date = {{ as_of() }}
),

identity as (
    select
        child_key,
        as_of_date,
        {{ age_at_march('birth_date', 'school_year') }} as age_years,
        coalesce(sex = 'M', false) as is_female,
        mother_tongue is not null and mother_tongue <> 'CASTELLANO' as speaks_indigenous_language,
        coalesce(birth_country <> 'PERU', false) as is_foreign,
        disability is not null as has_disability,
        coalesce(is_dni_validated, false) as has_validated_dni
    from pupils
)

select * from identity
