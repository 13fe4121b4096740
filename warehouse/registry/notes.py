"""What must be said of a model beside its figures: where its probabilities are withheld, and where a year belied it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Protocol

import duckdb
import pyarrow as pa

from warehouse.database import column, transaction, value
from warehouse.registry.figures import StoredMetric

DDL = """
create schema if not exists ml;
create table if not exists ml.model_notes (
  model_version varchar, outcome varchar, kind varchar, withholds boolean, segment varchar, metric varchar,
  value double, low double, high double, noted_on date);
"""
OF_LIVE = """
select n.kind, n.segment, n.metric, n.value, n.low, n.high from ml.model_notes as n
join ml.model_versions as v using (model_version, outcome)
where v.is_live and v.outcome = ? order by n.kind, n.segment, n.metric
"""
WITHHELD = """
select distinct segment from ml.model_notes where withholds and model_version = ? and outcome = ? order by segment
"""


IS_THERE = "select count(*) from duckdb_tables() where schema_name = 'ml' and table_name = 'model_notes'"


class NoteKind(StrEnum):
    """What a note comes from."""

    GATES = "gates"  # the deciding years: probabilities are withheld
    DRIFT = "drift"  # the newest date is unlike those that trained: withheld
    OUTCOMES = "outcomes"  # what was announced did not come: withheld
    TEST_YEAR = "test_year"  # decides nothing, and is said


class Noted(Protocol):
    """A figure beyond its bounds, of everybody or of a segment."""

    @property
    def segment(self) -> str:
        """The segment, as in «region=15»; «all» for everybody."""
        ...

    @property
    def metric(self) -> StoredMetric:
        """The figure."""
        ...


def replace(
    db: duckdb.DuckDBPyConnection, version: str, outcome: str, kind: NoteKind, noted: Iterable[Noted], today: date
) -> None:
    """Write the notes of a kind in place of the earlier ones."""
    rows = [
        {
            "model_version": version,
            "outcome": outcome,
            "kind": str(kind),
            "withholds": kind is not NoteKind.TEST_YEAR,
            "segment": one.segment,
            "metric": one.metric.name,
            "value": one.metric.value,
            "low": one.metric.low,
            "high": one.metric.high,
            "noted_on": today,
        }
        for one in noted
    ]
    db.execute(DDL)  # a home of former code lacks the table
    with transaction(db):
        db.execute(
            "delete from ml.model_notes where model_version = ? and outcome = ? and kind = ?",
            [version, outcome, str(kind)],
        )
        if rows:
            arriving = pa.Table.from_pylist(rows)  # noqa: F841  read by DuckDB
            db.execute("insert into ml.model_notes by name select * from arriving")


def withheld(db: duckdb.DuckDBPyConnection, version: str, outcome: str) -> list[str]:
    """Return the segments in which a model's probabilities are withheld; «all» for everywhere."""
    return column(db, WITHHELD, [version, outcome]) if value(db, IS_THERE) else []


def of_live(
    db: duckdb.DuckDBPyConnection, outcome: str
) -> list[tuple[str, str, str, float, float | None, float | None]]:
    """Return the live model's notes: kind, segment, metric, value and the ends of its interval."""
    return db.execute(OF_LIVE, [outcome]).fetchall() if value(db, IS_THERE) else []
