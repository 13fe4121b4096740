with
totals as (select * from {{ ref('control_totals') }}),
departments as (select * from {{ ref('departments') }}),

-- whether totals agree, and not by how much: a gap of a few pupils would tell a small count
reconciled as (
    select
        totals.school_year,
        totals.department_code,
        coalesce(departments.department_name, 'Escuelas sin padrón') as department_name,
        totals.level,
        totals.is_reconciled
    from totals
    left join departments on totals.department_code = departments.department_code
)

select * from reconciled
