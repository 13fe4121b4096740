"""Closed dates that a table of features lacks: taken back from their Parquet, so that they are what they were.

What else is built by date is built again by dbt (`dbt_project/macros/held_dates.sql`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.build import closing
from warehouse.database import column, quoted
from warehouse.progress import Progress
from warehouse.settings import Home

SCHEMA = "features"
LACKING = """
select as_of_date::varchar from raw.closed_dates where as_of_date not in (select distinct as_of_date from {table})
and as_of_date not in (select as_of_date from raw.held_dates where table_name = ? and not has_rows) order by 1
"""


@dataclass(frozen=True)
class FeatureTable:
    """A table of features all of whose columns a Parquet has."""

    name: str
    columns: list[str]
    path: Path

    @property
    def place(self) -> str:
        """The table as SQL."""
        return f"{SCHEMA}.{quoted(self.name)}"

    @property
    def parquet(self) -> str:
        """The Parquet as SQL."""
        return _parquet(self.path)


def of_parquet(db: duckdb.DuckDBPyConnection, path: Path) -> list[FeatureTable]:
    """Return the tables of features that a Parquet has all columns of."""
    held = set(_names(db, _parquet(path)))
    tables = [FeatureTable(name, _names(db, f"{SCHEMA}.{quoted(name)}"), path) for name in _tables(db)]
    return [table for table in tables if held.issuperset(table.columns)]


def restore(db: duckdb.DuckDBPyConnection, home: Home, progress: Progress) -> int:
    """Put back what can be; return how many dates of tables that was."""
    lacking: dict[str, list[str]] = {}  # date → tables
    for name in _tables(db):
        for day in column(db, LACKING.format(table=f"{SCHEMA}.{quoted(name)}"), [name]):
            lacking.setdefault(day, []).append(name)
    return sum(_restore(db, home, progress, day, names) for day, names in lacking.items())


def _restore(db: duckdb.DuckDBPyConnection, home: Home, progress: Progress, day: str, names: list[str]) -> int:
    """Put a date back into some tables; return into how many."""
    path = intact(home, day)
    tables = [table for table in of_parquet(db, path) if table.name in names] if path else []
    for table in tables:
        columns = ", ".join(map(quoted, table.columns))
        db.execute(f"insert into {table.place} by name select {columns} from {table.parquet}")
        progress.say(f"{table.name}: closed date taken back from its Parquet", as_of=day)
    return len(tables)


def intact(home: Home, day: str) -> Path | None:
    """Return the Parquet of a closed date, None where it is missing or not what the manifest states."""
    entry = closing.kept(home).get(day)
    return home.features / str(entry["file"]) if entry and not closing.fault(home, day, entry) else None


def _tables(db: duckdb.DuckDBPyConnection) -> list[str]:
    return column(
        db,
        "select table_name from duckdb_columns() where schema_name = ? and column_name = 'as_of_date' "
        "and table_name in (select table_name from duckdb_tables() where schema_name = ?) order by 1",
        [SCHEMA, SCHEMA],
    )


def _names(db: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return column(db, f"select column_name from (describe from {relation})")


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(str(path), chr(39))}, hive_partitioning = false)"
