"""All data tests on all of history: compiled once, then asked for a part of its dates or school years at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import duckdb

from warehouse.build import compiling, policy
from warehouse.database import column, value, warehouse
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

PUPILS = "select as_of_date::varchar, count(*) from intermediate.int_pupils__as_of group by 1"
BUILT = """
select concat(schema_name, '.', table_name) from duckdb_tables()
union select concat(schema_name, '.', view_name) from duckdb_views()
"""
RELATION = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')
YEARS = (
    "select distinct try_cast(left(period, 4) as integer) as year from raw.deliveries "
    "where try_cast(left(period, 4) as integer) is not null order by 1"
)


class Split(Enum):
    """What a test is split by, as the text that stands in its SQL for all of it (`where.sql`)."""

    DATES = "as_of_date in (cast('1900-01-01' as date))"
    YEARS = "school_year between 0 and 9999"
    NOTHING = ""


@dataclass(frozen=True)
class TestedPart:
    """Some dates or school years, as SQL and as text."""

    where: str
    name: str


@dataclass(frozen=True)
class HistoryTest:
    """A data test and what it is split by."""

    name: str
    sql: str
    fail_calc: str
    split: Split
    reads: frozenset[str]  # schema.table

    @classmethod
    def of(cls, node: Any) -> HistoryTest:  # noqa: ANN401  dbt's node
        """Take what is needed of a test that dbt compiled."""
        sql = " ".join(node.compiled_code.split())
        split = next((split for split in (Split.DATES, Split.YEARS) if split.value in sql), Split.NOTHING)
        reads = frozenset(".".join(names) for names in RELATION.findall(node.compiled_code))
        return cls(node.name, node.compiled_code, node.config.fail_calc, split, reads)

    def failures(self, db: duckdb.DuckDBPyConnection, part: TestedPart) -> int:
        """Return how many rows of a part fail."""
        sql = self.sql.replace(self.split.value, part.where) if self.split.value else self.sql
        return value(db, f"select {self.fail_calc} from ({sql}) as dbt_internal_test") or 0


def compiled(home: Home, progress: Progress, project: Path = DBT_PROJECT) -> list[HistoryTest]:
    """Return the tests that a build must pass, of what is built; warnings stop no build, and are no difference."""
    with warehouse(home, read_only=True) as db:
        built = set(column(db, BUILT))
    nodes = compiling.compiled_tests(home, progress, project)
    tests = (HistoryTest.of(node) for node in nodes if node.config.severity.lower() == "error")
    return [test for test in tests if test.reads <= built]


def failures(
    db: duckdb.DuckDBPyConnection, tests: list[HistoryTest], dates: list[str], progress: Progress
) -> Iterator[str]:
    """Run the tests part by part; yield a sentence for each test and date (year) that fails."""
    parts = {
        Split.DATES: list(chunks(db, dates)),
        Split.YEARS: list(_years(db)),
        Split.NOTHING: [[TestedPart("", "all rows")]],
    }
    for split, of_split in parts.items():
        mine = [test for test in tests if test.split is split]
        for number, chunk in enumerate(of_split, start=1):
            for test in mine:
                yield from _failures(db, test, chunk)
            progress.say(f"{number}/{len(of_split)} {chunk[0].name} to {chunk[-1].name} tested", tests=len(mine))


def _failures(db: duckdb.DuckDBPyConnection, test: HistoryTest, chunk: list[TestedPart]) -> Iterator[str]:
    """Run a test on a chunk; where it fails, on each part of it."""
    if not test.failures(db, _together(chunk)):
        return
    failing = [(part, n) for part in chunk if (n := test.failures(db, part))]
    for part, n in failing or [(TestedPart("", f"{chunk[0].name} to {chunk[-1].name}"), 1)]:
        yield (
            f"{test.name}: {n} rows fail on {part.name}; 'qhawaq build --full-refresh' builds what can be built again, "
            "'qhawaq restore' takes back a backup"
        )


def _together(chunk: list[TestedPart]) -> TestedPart:
    return TestedPart(" or ".join(part.where for part in chunk), "")


def chunks(db: duckdb.DuckDBPyConnection, dates: Iterable[str]) -> Iterator[list[TestedPart]]:
    """Yield as many dates at a time as memory surely holds, and at least one."""
    pupils = dict(db.execute(PUPILS).fetchall())
    most = policy.variables()["rows_joined_at_once"]
    chunk: list[TestedPart] = []
    rows = 0
    for day in dates:
        if chunk and rows + pupils.get(day, 0) > most:
            yield chunk
            chunk = []
            rows = 0
        chunk.append(TestedPart(f"as_of_date = cast('{day}' as date)", day))
        rows += pupils.get(day, 0)
    if chunk:
        yield chunk


def _years(db: duckdb.DuckDBPyConnection) -> Iterator[list[TestedPart]]:
    """Yield each school year, and the rows of no year that a delivery states."""
    years = column(db, YEARS)
    for year in years:
        yield [TestedPart(f"school_year = {year}", str(year))]
    listed = ", ".join(map(str, years)) or "null"
    yield [TestedPart(f"coalesce(school_year not in ({listed}), true)", "other years")]
