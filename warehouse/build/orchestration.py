"""What an orchestrator's tasks did, and what dbt said in them: noted beside the warehouse, read in at the next build.

A task notes its end while another may hold the warehouse's file, so it only appends a line to a file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import clock, files
from warehouse.build import manifest, test_results
from warehouse.build.manifest import Manifest
from warehouse.database import quoted
from warehouse.files import write_whole
from warehouse.settings import Home

DDL = """
create table if not exists raw.task_runs (
  dag_id varchar, run_id varchar, task_id varchar, try_number integer, state varchar,
  started_at timestamp, ended_at timestamp, seconds double, error varchar)
"""
READ = """
insert into raw.task_runs by name select new.* from (select * from read_json({file}, format = 'newline_delimited',
  ignore_errors = true, columns = {{dag_id: 'VARCHAR', run_id: 'VARCHAR', task_id: 'VARCHAR', try_number: 'INTEGER',
  state: 'VARCHAR', started_at: 'TIMESTAMP', ended_at: 'TIMESTAMP', seconds: 'DOUBLE', error: 'VARCHAR'}})) as new
anti join raw.task_runs as old using (dag_id, run_id, task_id, try_number, state)
where new.state is not null
"""
DRAWN = ("original_file_path", "package_name", "resource_type", "tags", "fqn")
DRAWN_KINDS = ("model", "seed", "test")
RESULTS = (test_results.RUN, manifest.NAME)
COMPILED = "compiled"


def write_graph(home: Home) -> None:
    """Write what a graph of tasks is drawn from: dbt's manifest without its SQL, texts and macros.

    An orchestrator reads it again and again, several times for each file of DAGs.
    """
    known = Manifest.read(home)
    nodes = {name: _drawn(node) for name, node in known.of_type(*DRAWN_KINDS).items()}
    project = {"project_name": known.project}
    write_whole(home.dbt / "graph.json", json.dumps({"metadata": project, "nodes": nodes}))


def _drawn(node: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: node["config"].get(name) for name in ("materialized", "meta")}
    needs = {"nodes": node["depends_on"].get("nodes", [])}
    return {name: node[name] for name in DRAWN} | {"depends_on": needs, "config": config}


def task_callback(home: Home, state: str) -> Callable[[Mapping[str, Any]], None]:
    """Return a callback for Airflow that notes how a task ended: which, when, and of an error its kind only."""

    def note(context: Mapping[str, Any]) -> None:
        ran = context["ti"]
        error = context.get("exception")
        now = clock.now()
        task = {name: getattr(ran, name) for name in ("dag_id", "run_id", "task_id", "try_number")}
        append(home, line(task, state, (ran.start_date, now), type(error).__name__ if error else None))

    return note


def line(
    task: Mapping[str, object], state: str, ran: tuple[datetime, datetime], error: str | None
) -> dict[str, object]:
    """Return what is noted of one try of a task (dag_id, run_id, task_id, try_number): of an error its kind only."""
    started, ended = ran
    return {
        **task,
        "state": state,
        "started_at": _moment(started),
        "ended_at": _moment(ended),
        "seconds": (ended - started).total_seconds(),
        "error": error,
    }


def note_success(home: Home, dag_id: str, task_id: str, began: datetime) -> None:
    """Note that something ended well that is no task of an orchestrator."""
    task = {"dag_id": dag_id, "run_id": f"{began:%Y%m%dT%H%M%S%f}", "task_id": task_id, "try_number": 1}
    append(home, line(task, "success", (began, clock.now()), None))


def append(home: Home, line: Mapping[str, object]) -> None:
    """Append a line in one write, so that lines of tasks that end together do not mix."""
    files.append(home.task_runs, lambda _: json.dumps(line))


def _moment(given: datetime) -> str:
    return given.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def read_in(db: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Take what tasks noted into `raw.task_runs`; what stands there already stays as it is."""
    if home.task_runs.exists():
        db.execute(READ.format(file=quoted(str(home.task_runs), "'")))


def keep_results(home: Home, project: Path) -> None:
    """Keep what dbt says of a run in a folder of its own: pages and the audit pack read it in the home."""
    for name in RESULTS:
        if (written := project / "target" / name).exists():
            files.copied(written, home.dbt / name)
    if (home.dbt / test_results.RUN).exists():
        test_results.keep(home)
    if (compiled := project / "target" / COMPILED).exists():  # the service makes features by it
        shutil.copytree(compiled, home.dbt / COMPILED, dirs_exist_ok=True)
