"""A warehouse with one small mart for each audience: all that publishing needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from warehouse import database
from warehouse.pipeline import tables
from warehouse.publish import redaction, serving
from warehouse.settings import Home

DAY = "2025-11-30"
LISTED = {"7": "150101", "8": "150101", "9": "150201"}  # child → UGEL


def with_lists(home: Home) -> None:
    """Make a home whose lists name three children."""
    home.claim("synthetic")
    home.warehouse.write_bytes(_made(_write_lists))


def with_marts(home: Home) -> None:
    """Make a home; its areas are 150101 and 150201."""
    home.claim("synthetic")
    home.warehouse.write_bytes(_made(_write_marts))


@cache
def _made(write: Callable[[duckdb.DuckDBPyConnection], None]) -> bytes:
    """Return a warehouse, made once: to prepare one takes longer than most of what is asked of it."""
    with TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.claim("synthetic")
        with database.warehouse(home) as db:
            write(db)
        return home.warehouse.read_bytes()


def _write_lists(db: duckdb.DuckDBPyConnection) -> None:
    _write_marts(db)
    rows = ", ".join(f"('{child}', '{ugel}', date '{DAY}')" for child, ugel in LISTED.items())
    for table in (*redaction.OF_LISTED, "immediate_cases"):
        db.execute(
            f"create table education.{table} as select * from (values {rows}) as t(child_key, ugel_code, as_of_date)"
        )


def _write_marts(db: duckdb.DuckDBPyConnection) -> None:
    tables.prepare(db)
    db.execute("insert into raw.calendar values (date '2025-12-05')")
    db.execute(
        "create schema intermediate; create table intermediate.int_lists__current as select 1::bigint as child_key, "
        "date '2025-11-30' as as_of_date, 'interruption' as outcome, 'm' as model_version"
    )
    for audience, area in serving.AUDIENCES.items():
        db.execute(f"create schema {audience}")
        place = f", '150{{}}01' as {area}" if area else ""
        rows = " union all ".join(f"select {n}::bigint as n, 'a' as text" + place.format(n) for n in (1, 2))
        db.execute(f"create table {audience}.{'page' if audience == 'service' else 'mart'} as {rows}")


def read(path: Path) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute("select n, release_id from mart order by 1").fetchall()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def links(home: Home) -> list[Path]:
    return sorted(path for path in home.serving.rglob("*") if path.name == "current.duckdb" and path.is_symlink())
