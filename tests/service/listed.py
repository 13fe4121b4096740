"""What the first page reads, made by hand: all tables of the service's file by their contracts, and two children's work."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from tests.service.conftest import ELSEWHERE, HERE
from warehouse.settings import DBT_PROJECT

WORK = {
    "school_year": 2025, "grade_name": "3.° de secundaria", "section": "A", "need": "interruption", "rank_in_ugel": 1,
    "is_within_capacity": True, "listed_on": date(2025, 10, 31), "reason_text": "faltó", "action_text": "visitar",
    "case_state": "listado", "release_id": "r1",
}  # fmt: skip
SCHOOLS = (("150101", "0000001-0", "UGEL 01 San Juan", HERE), ("080101", "0000002-0", "UGEL Cusco", ELSEWHERE))


def listed(children: Path) -> None:
    """Add, once, the tables that the file of the service's tests has not, with a row of work for each of its children."""
    with duckdb.connect(str(children)) as db:
        if db.execute("select 1 from duckdb_tables() where table_name = 'worklist'").fetchone():
            return
        for file in sorted((DBT_PROJECT / "models" / "marts" / "service").glob("*.yml")):
            for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
                db.execute(f"create table if not exists {model['name']} ({columns}, release_id varchar)")
        for ugel, school, name, child in SCHOOLS:
            _insert(db, "schools", {"service_code": school, "school_name": f"I.E. {school}", "ugel_code": ugel,
                                    "ugel_name": name})  # fmt: skip
            _insert(db, "worklist", WORK | {"ugel_code": ugel, "service_code": school, "child_key": child})


def _insert(db: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    known = {name for (name, *_) in db.execute(f"describe {table}").fetchall()}
    row = {name: value for name, value in row.items() if name in known}
    db.execute(f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values()))
