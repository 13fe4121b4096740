"""The `not_null` constraints of the models' YAML: DuckDB enforces each of them in the built tables."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests import few
from tests.conftest import Country

pytestmark = pytest.mark.country


def stated() -> set[tuple[str, str]]:
    """Return (table, column) of every not_null constraint."""
    return {
        (node.name, column)
        for node in few.project().nodes.values()
        for constraint in getattr(node, "constraints", [])
        for column in constraint.columns
    }


def test_every_stated_column_is_enforced(country: Country) -> None:
    enforced = country.ask(
        "select table_name, unnest(constraint_column_names) from duckdb_constraints() "
        "where constraint_type = 'NOT NULL' and schema_name not in ('raw', 'quarantine', 'ml')"
    )
    assert stated() <= set(enforced)
    assert len(stated()) > 400


def test_a_null_is_refused_when_the_table_is_written(country: Country, tmp_path: Path) -> None:
    home = country.copy(tmp_path / "home", "archive", "serving", "compiled", "features")
    with duckdb.connect(str(home.warehouse)) as db, pytest.raises(duckdb.ConstraintException, match="absence_days"):
        db.execute(
            "insert into intermediate.int_attendance__long_absences by name "
            "select * replace (null as absence_days) from intermediate.int_attendance__long_absences limit 1"
        )
