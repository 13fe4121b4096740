"""Whether closed as-of dates are still what they were closed as: files, rows and tests, a part at a time.

A build tests what it builds, and leaves out what a green build has tested; this leaves out nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from warehouse.build import closing, formulas, history_tests, restoring
from warehouse.build.restoring import FeatureTable
from warehouse.database import column, quoted, value, warehouse
from warehouse.progress import Progress
from warehouse.settings import Home

CLOSED = "select as_of_date::varchar from raw.closed_dates order by 1"
# Tables of which a closed date has gone that had rows: the next build brings it back, or says that it cannot.
GONE = """
select table_name, as_of_date::varchar as day from raw.held_dates where has_rows
and as_of_date in (select as_of_date from raw.closed_dates) order by all
"""


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what differs: each a sentence that says where and what to do."""

    dates: int
    tests: int
    unknown: int  # closed dates of which nobody noted what code made them
    differences: list[str]


def check(home: Home, progress: Progress) -> Checked:
    """Compare the Parquet of every closed date with its hash and with the tables, then run all data tests on them."""
    with warehouse(home) as db:
        db.execute(closing.DDL + formulas.DDL)  # a home of former code has not all of it
        unknown = formulas.unknown(db)
        dates = column(db, CLOSED)
        found = [*_gone(db), *_unstated(home, dates)]
        for number, day in enumerate(dates, start=1):
            found += _of_date(db, home, day)
            progress.say(f"{number}/{len(dates)} {day} compared with its Parquet", differences=len(found))
    tests = history_tests.compiled(home, progress)
    with warehouse(home, read_only=True) as db:
        found += history_tests.failures(db, tests, dates, progress)
    return Checked(len(dates), len(tests), unknown, found)


def _unstated(home: Home, dates: list[str]) -> list[str]:
    """Name the closed dates of which the manifest says nothing, and the dates that only the manifest has."""
    stated = closing.kept(home)
    manifest = home.features / "manifest.json"
    lacking = [
        f"{manifest} lacks the closed date {day}: restore it from a backup" for day in dates if day not in stated
    ]
    more = [
        f"{manifest} has the date {day}, which raw.closed_dates lacks: restore the warehouse and the manifest from one "
        "backup"
        for day in stated
        if day not in dates
    ]
    return [*lacking, *more]


def _gone(db: duckdb.DuckDBPyConnection) -> Iterator[str]:
    noted: dict[str, list[str]] = {}
    for table, day in db.execute(GONE).fetchall():
        noted.setdefault(table, []).append(day)
    for table, days in noted.items():
        schema = value(db, "select min(schema_name) from duckdb_tables() where table_name = ?", [table])
        place = f"{quoted(schema)}.{quoted(table)}" if schema else None
        held = set(column(db, f"select distinct as_of_date::varchar from {place}")) if place else set()
        for day in sorted(set(days) - held):
            yield f"{schema or ''}.{table} lacks the closed date {day}: call 'qhawaq build', which brings it back"


def _of_date(db: duckdb.DuckDBPyConnection, home: Home, day: str) -> Iterator[str]:
    """Compare a date's Parquet with its hash, and the tables' rows of that date with the Parquet."""
    entry = closing.kept(home).get(day)
    if entry is None:
        return
    if fault := closing.fault(home, day, entry):
        yield fault
        return
    path = home.features / str(entry["file"])
    for table in restoring.of_parquet(db, path):
        if said := _compared(db, table, day):
            yield (
                f"{restoring.SCHEMA}.{table.name} differs from {path} on {day}: {said}; delete the rows of that date "
                "from the table and call 'qhawaq build', which takes them back from the Parquet"
            )


def _compared(db: duckdb.DuckDBPyConnection, table: FeatureTable, day: str) -> str:
    """Compare by key; rows as hashes, so that a date of a whole country fits into memory."""
    row = f"hash({', '.join(map(quoted, table.columns))})"
    sides = (
        f"with t as (select child_key, {row} as content from {table.place} where as_of_date = date '{day}'), "
        f"p as (select child_key, {row} as content from {table.parquet})"
    )
    lacking, more, changed = db.execute(
        f"{sides} select count(*) filter (where t.child_key is null), count(*) filter (where p.child_key is null), "
        "count(*) filter (where t.content <> p.content) from t full join p using (child_key)"
    ).fetchone() or (0, 0, 0)
    twice = value(db, f"{sides} select count(*) - count(distinct child_key) from t")
    counts = {"rows lacking": lacking, "rows too many": more + twice, "rows changed": changed}
    said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    return said + (f" in {_changed_columns(db, table, day)}" if changed else "")


def _changed_columns(db: duckdb.DuckDBPyConnection, table: FeatureTable, day: str) -> str:
    """Name the columns that differ, one at a time."""
    differing = [
        name
        for name in table.columns
        if value(
            db,
            f"select count(*) from {table.place} as t join {table.parquet} as p using (child_key) "
            f"where t.as_of_date = date '{day}' and t.{quoted(name)} is distinct from p.{quoted(name)}",
        )
    ]
    return ", ".join(differing)
