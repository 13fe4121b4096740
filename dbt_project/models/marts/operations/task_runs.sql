with
task_runs as (select * from {{ source('landing', 'task_runs') }}),

shown as (
    select
        dag_id,
        run_id,
        task_id,
        try_number,
        state,
        started_at,
        ended_at,
        seconds,
        error
    from task_runs
)

select * from shown
