"""The two sides of the comparison with Spark: a home's tables as Parquet, and DuckDB's own answer for each model.

The boundary is a folder of Parquet files, one for each table and view, named `schema.table.parquet`. Both engines read
these, so that a difference is a difference of SQL. A model that is built date by date is asked for some of its dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.build.manifest import Manifest
from warehouse.settings import Home

NO_DATE = "1900-01-01"  # stands in compiled SQL for «not chosen yet» (macro as_of)
PLACEHOLDER = f"cast('{NO_DATE}' as date)"
RELATION = re.compile(r'"\w+"\."(\w+)"\."(\w+)"')
CHANGING = "scored_at"  # the moment of the build
WIDENED = {"HUGEINT": "decimal(38, 0)", "JSON": "varchar"}  # what Parquet has no type for


@dataclass(frozen=True)
class Model:
    """A model in SQL with the statement that DuckDB compiled, and where both engines keep it."""

    name: str
    schema: str
    path: str
    sql: str
    is_incremental: bool

    @property
    def table(self) -> str:
        """Return schema and name."""
        return f"{self.schema}.{self.name}"


def models(home: Home) -> list[Model]:
    """Return the models in SQL that a home built, by table."""
    compiled = home.dbt / "compiled" / "qhawaq"
    nodes = Manifest.read(home).of_type("model").values()
    of_sql = [node for node in nodes if node["language"] == "sql"]
    return sorted(
        (
            Model(
                name=node["alias"],
                schema=node["schema"],
                path=node["original_file_path"],
                sql=RELATION.sub(r"\1.\2", (compiled / node["original_file_path"]).read_text(encoding="utf-8")),
                is_incremental=node["config"]["materialized"] == "incremental",
            )
            for node in of_sql
        ),
        key=lambda model: model.table,
    )


def export(home: Home, folder: Path) -> None:
    """Write each table and view of a home's warehouse as Parquet."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        columns: dict[tuple[str, str], list[str]] = {}
        for schema, table, column, kind in db.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns "
            "where table_catalog = current_catalog() order by table_schema, table_name, ordinal_position"
        ).fetchall():
            wide = WIDENED.get(kind)
            columns.setdefault((schema, table), []).append(
                f'cast("{column}" as {wide}) as "{column}"' if wide else f'"{column}"'
            )
        for (schema, table), said in columns.items():
            db.execute(
                f"""copy (select {", ".join(said)} from "{schema}"."{table}") to '{folder}/{schema}.{table}.parquet'"""
            )


def held(folder: Path, order: str = "") -> duckdb.DuckDBPyConnection:
    """Return a database in memory whose tables are those of a folder, their rows in an order, such as `order by a`."""
    db = duckdb.connect(config={"threads": 1})
    db.execute("set timezone = 'UTC'")
    for path in sorted(folder.glob("*.parquet")):
        schema, table = path.stem.split(".")
        db.execute(f"create schema if not exists {schema}")
        db.execute(f"create table {schema}.{table} as from (select * from '{path}' as held {order})")
    return db


def difference(db: duckdb.DuckDBPyConnection, model: Model, date: str, answer: Path) -> str:
    """Return how Spark's answer differs from DuckDB's: in columns, types or rows; nothing where they are equal.

    Args:
        db: what `held` returns.
        model: the model.
        date: the as-of date that the answer is of; `NO_DATE` of a model that has none.
        answer: the folder of Parquet files that Spark wrote.
    """
    of_date = PLACEHOLDER.replace(NO_DATE, date)
    db.execute(f"create or replace temp table wanted as {model.sql.replace(PLACEHOLDER, of_date)}")
    db.execute(f"create or replace temp view found as from '{answer}/*.parquet'")
    wanted, found = _columns(db, "wanted"), _columns(db, "found")
    if wanted != found:
        return f"columns differ: {sorted(set(wanted.items()) ^ set(found.items()))}"
    compared = ", ".join(f'"{column}"' for column in wanted if column != CHANGING)
    missing, added = _without(db, compared, "wanted", "found"), _without(db, compared, "found", "wanted")
    return f"{missing} rows are DuckDB's alone, {added} Spark's alone" if missing or added else ""


def _columns(db: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return column → type."""
    return dict(db.execute(f"select column_name, column_type from (describe {table})").fetchall())


def _without(db: duckdb.DuckDBPyConnection, columns: str, of: str, other: str) -> int:
    """Return how many rows of a table another lacks; a row that stands twice counts twice."""
    sql = f"select count(*) from (select {columns} from {of} except all select {columns} from {other})"
    ((n,),) = db.execute(sql).fetchall()
    return int(n)
