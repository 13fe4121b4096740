"""Each model gives the same rows on Spark: its SQL as dbt-spark compiles it against DuckDB's, over the same tables.

make test-spark: one JVM on the small country, `except all` both ways, names and types of columns too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from tests.spark import tables
from tests.spark.tables import NO_DATE, PLACEHOLDER, Model
from warehouse.settings import DBT_PROJECT, REPOSITORY

PYTHON = REPOSITORY / ".spark" / "bin" / "python"
SESSION = Path(__file__).with_name("session.py")
LACKING = [
    name for name, found in (("make .spark/.done", PYTHON.exists()), ("Java", shutil.which("java"))) if not found
]
pytestmark = [pytest.mark.spark, pytest.mark.skipif(bool(LACKING), reason=f"missing: {', '.join(LACKING)}")]


@dataclass(frozen=True)
class Both:
    """What DuckDB can be asked, and what Spark answered."""

    db: duckdb.DuckDBPyConnection
    folder: Path
    models: list[Model]
    dates: dict[str, list[str]]
    said: dict[str, dict[str, float | str]]

    def difference(self, model: Model) -> str:
        """Return why the model is not equal; nothing where it is."""
        if "error" in self.said[model.table]:
            return str(self.said[model.table]["error"])
        found = (
            tables.difference(self.db, model, date, self.folder / f"{model.table}.{date}")
            for date in self.dates[model.table]
        )
        return "; ".join(filter(None, found))


@pytest.fixture(scope="module")
def both(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Spark's answers for all models, once."""
    folder, answers = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("answers")
    tables.export(country.home, folder)
    models = tables.models(country.home)
    built = country.ask("select distinct as_of_date from features.child_features order by all")
    # of a model that is built date by date: the newest, and one of a year whose outcomes are known
    chosen = [str(date) for (date,) in (built[-1], built[len(built) // 2])]
    dates = {model.table: chosen if PLACEHOLDER in model.sql else [NO_DATE] for model in models}
    asked = [
        {"table": one.table, "path": one.path, "dates": dates[one.table], "is_incremental": one.is_incremental}
        for one in models
    ]
    (answers / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    command = [PYTHON, SESSION, folder, answers, answers / "asked.json", DBT_PROJECT]
    subprocess.run([str(part) for part in command], check=True, cwd=answers)
    said = json.loads((answers / "answers.json").read_text(encoding="utf-8"))
    return Both(tables.held(folder), answers, models, dates, said)


def test_every_model_is_equal(both: Both) -> None:
    different = {model.table: both.difference(model) for model in both.models}
    assert {table: why for table, why in different.items() if why} == {}
    assert len(both.models) > 190


def test_most_models_have_rows(both: Both) -> None:
    """Two empty answers are equal and prove nothing: the country has no visits, statements, drift nor model of repetition."""
    empty = [
        model.table
        for model in both.models
        if not both.db.execute(f"select 1 from '{both.folder}/{model.table}.*/*.parquet' limit 1").fetchall()
    ]
    assert len(empty) < len(both.models) / 6, empty


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("select *, 1 as more from ({sql})", "columns differ"),
        ("select * replace (cast(n_pupils as integer) as n_pupils) from ({sql})", "columns differ"),
        ("select * replace (n_pupils + 1 as n_pupils) from ({sql})", "rows are DuckDB's alone"),
        ("from ({sql}) union all (from ({sql}) limit 1)", "1 rows are DuckDB's alone, 0 Spark's"),
        ("from ({sql}) offset 1", "0 rows are DuckDB's alone, 1 Spark's"),
    ],
)
def test_a_difference_is_told(both: Both, changed: str, why: str) -> None:
    model = next(one for one in both.models if one.name == "int_indicators__counts")
    other = Model(model.name, model.schema, model.path, changed.format(sql=model.sql), model.is_incremental)
    assert why in both.difference(other)
