"""A model has one answer: the order in which its tables hold their rows changes nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from tests.spark.tables import CHANGING, NO_DATE, PLACEHOLDER, Model, export, held, models

pytestmark = pytest.mark.long


def digest(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, int]:
    """Return how many rows a statement gives, and a sum of their hashes."""
    described = db.execute(f"select column_name from (describe {sql})").fetchall()
    columns = ", ".join(f'"{column}"' for (column,) in described if column != CHANGING)
    ((n, hashes),) = db.execute(f"select count(*), sum(hash({columns})) from ({sql})").fetchall()
    return n, hashes


def differing(sides: tuple[duckdb.DuckDBPyConnection, ...], asked: list[Model], date: str) -> list[str]:
    """Return the models that give other rows on one side than on another."""
    of_date = PLACEHOLDER.replace(NO_DATE, date)
    statements = {model.table: model.sql.replace(PLACEHOLDER, of_date) for model in asked}
    return [table for table, sql in statements.items() if len({digest(db, sql) for db in sides}) > 1]


def test_no_model_depends_on_the_order_of_rows(country: Country, tmp_path: Path) -> None:
    export(country.home, tmp_path)
    ((date,),) = country.ask("select max(as_of_date) from features.child_features")
    sides = (
        held(tmp_path),
        held(tmp_path, "order by hash(held)"),
        held(tmp_path, "order by hash(held) desc"),
    )
    assert differing(sides, models(country.home), str(date)) == []


def test_a_tie_is_seen(tmp_path: Path) -> None:
    duckdb.execute(f"copy (select range as n, 1 as same from range(20)) to '{tmp_path}/a.b.parquet'")
    sides = (held(tmp_path), held(tmp_path, "order by hash(held)"))
    tied = Model("tied", "a", "", "select max_by(n, same) as n from a.b", is_incremental=False)
    decided = Model("decided", "a", "", "select max_by(n, (same, n)) as n from a.b", is_incremental=False)
    assert differing(sides, [tied, decided], NO_DATE) == ["a.tied"]
