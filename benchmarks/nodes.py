"""What dbt adds: the seconds in which it is inside its nodes, against the same compiled statements run bare.

dbt is inside two nodes at once, which share the cores: a second in which it is inside both counts once.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.database import crypto_extension
from warehouse.settings import MEMORY_LIMIT, Home

FEATURES = "features_run_results.json"  # of the first half, where both were built in one process
PLACEHOLDER = "cast('1900-01-01' as date)"


@dataclass(frozen=True)
class Nodes:
    """A build's nodes: how many, seconds inside any of them, of the whole, and of the statements bare."""

    count: int
    inside: float
    whole: float
    bare: float


def _statements(result: dict, materialized: str, dates: list[str]) -> list[str]:
    sql, name = result["compiled_code"], f"bare.{result['unique_id'].split('.')[2]}"
    if result["unique_id"].startswith("test."):
        return [f"select count(*) from ({sql})"]
    if materialized == "as_of":
        dated = [sql.replace(PLACEHOLDER, f"cast('{day}' as date)") for day in dates]
        return [f"create table {name} as {sql}", *(f"insert into {name} by name {one}" for one in dated)]
    return [f"create {'view' if materialized == 'view' else 'table'} {name} as {sql}"]


def of_last_build(home: Home, folder: Path) -> Nodes:
    """Compare the last build's nodes with their compiled statements, run on a copy of the warehouse in a folder."""
    folder.mkdir()
    copy = Path(shutil.copy(home.warehouse, folder))
    first = home.dbt / FEATURES
    run = json.loads((first if first.exists() else home.dbt / "run_results.json").read_text())
    manifest = json.loads((home.dbt / "manifest.json").read_text())["nodes"]
    results = [r for r in run["results"] if r.get("compiled_code") and not r["unique_id"].startswith("operation.")]
    db = duckdb.connect(str(copy), config={"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": "false"})
    db.execute(f"load '{crypto_extension()}'")
    db.execute("set TimeZone = 'UTC'; create schema bare; set enable_progress_bar = false")
    asked = "select as_of_date from intermediate.int_calendar__as_of_dates order by 1"
    dates = [str(day) for (day,) in db.execute(asked).fetchall()]
    spent = 0.0
    for result in results:
        materialized = manifest[result["unique_id"]]["config"]["materialized"]
        for statement in _statements(result, materialized, dates):
            begun = time.monotonic()
            db.execute(statement).fetchall()
            spent += time.monotonic() - begun
    db.close()
    shutil.rmtree(folder)
    return Nodes(len(results), inside(results), run["elapsed_time"], spent)


def inside(results: Iterable[dict[str, Any]]) -> float:
    """Return the seconds in which at least one node was compiled or executed."""
    parts = sorted(
        (datetime.fromisoformat(part["started_at"]), datetime.fromisoformat(part["completed_at"]))
        for result in results for part in result["timing"]
    )  # fmt: skip
    seconds, until = 0.0, parts[0][0]
    for began, ended in parts:
        seconds += max(0.0, (ended - max(began, until)).total_seconds())
        until = max(until, ended)
    return seconds
