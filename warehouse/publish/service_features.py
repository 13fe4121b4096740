"""The query and the context with which the service makes features of a child's raw records.

The SQL from raw tables to `child_features` goes into the service's file as one query (`feature_query`). Rows of others
than the child itself (`deployed` in a model's YAML) go with it as of the newest date: `whole`, or `by_child`, where the
service replaces the rows of the children in a request by the records of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from warehouse import contracts
from warehouse.build.manifest import Manifest, Node
from warehouse.database import quoted, value
from warehouse.publish import feature_query
from warehouse.publish.feature_query import RawColumn, Step
from warehouse.settings import DBT_PROJECT, Home

TARGETS = ("child_features", "int_supports__needs")
NEWEST = "select max(as_of_date) from features.child_features"
BUILT = "select count(*) from duckdb_tables() where schema_name = 'features' and table_name = 'child_features'"
UNCHOSEN = "cast('1900-01-01' as date)"  # as compiled SQL says «not chosen yet» (macros/as_of.sql)
# Of the landing's own columns a caller may state when something was delivered and known; the rest is made.
SET_BY_LANDING = ("_file", "_line", "_batch", "_region", "child_key")
KEY_OF_FEEDBACK = "nino"  # what was done for a child comes back by its pseudonym: the child's own, here too
# Its own tables on the way; what a caller sends stands, since nothing replaces it.
OF_LANDING = {"deliveries": "files", "child_merges": "merges", "withheld": "whole", "standing": "nothing"}


class FeatureLineage:
    """The way from raw tables to features in dbt's manifest."""

    def __init__(self, home: Home) -> None:
        self.compiled = home.dbt / "compiled"
        self.contracts = contracts.read(DBT_PROJECT)
        self.manifest = Manifest.read(home)

    @cached_property
    def steps(self) -> list[Step]:
        """Return every relation after those that it reads."""
        seen: dict[str, Step] = {}
        for target in TARGETS:
            self._follow(f"model.{self.manifest.project}.{target}", seen)
        return list(seen.values())

    def _follow(self, node: str, seen: dict[str, Step]) -> None:
        if node in seen:
            return
        step = self._step(self.manifest.node(node))
        if step.kind != "whole":
            for before in self.manifest.node(node).get("depends_on", {}).get("nodes", []):
                self._follow(before, seen)
        seen[node] = step

    def _step(self, node: Node) -> Step:
        if node["resource_type"] == "source":
            return self._of_source(node["schema"], node["name"])
        meta = node["config"].get("meta") or {}
        if node["resource_type"] == "seed" or meta.get("deployed") == "whole":
            return Step(node["schema"], node["name"], "whole")
        kind = meta.get("deployed") or ("view" if node["config"]["materialized"] == "view" else "table")
        return Step(node["schema"], node["name"], kind, self._sql(node), ",".join(meta.get("mates_by", ())))

    def _of_source(self, schema: str, name: str) -> Step:
        if name in OF_LANDING:
            return Step(schema, name, OF_LANDING[name])
        return Step(schema, name, "input", self.contracts[name].known_at)

    def required(self, step: Step) -> set[str | None]:
        """Return the columns of a source that are never null, but for the keys that only the vault gives."""
        if step.kind != "input":
            return set()
        columns = self.contracts[step.name].columns
        return {one.landed_name for one in columns if not (one.nullable or one.pseudonym)} - {KEY_OF_FEEDBACK}

    def _sql(self, node: Node) -> str:
        return (self.compiled / self.manifest.project / Path(node["original_file_path"])).read_text(encoding="utf-8")

    def is_complete(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Say whether children's features are built and the SQL of every model lies there."""
        if not value(db, BUILT) or value(db, NEWEST) is None:
            return False
        try:
            return bool(self.steps)
        except FileNotFoundError:  # built somewhere else, and not brought here
            return False


def write(db: duckdb.DuckDBPyConnection, lineage: FeatureLineage, into: str) -> list[str]:
    """Write the query, its inputs and the context of the newest date into an attached file; return the tables.

    Args:
        db: the warehouse, with the file attached.
        lineage: from the last build.
        into: the name under which the file is attached.
    """
    day = value(db, NEWEST)
    inputs = _inputs(db, lineage)
    _write_query(db, lineage, inputs, into, str(day))
    db.execute(
        f"create table {into}.feature_inputs (schema_name varchar, table_name varchar, position integer, "
        "column_name varchar, data_type varchar, is_given boolean, is_required boolean)"
    )
    db.executemany(f"insert into {into}.feature_inputs values (?, ?, ?, ?, ?, ?, ?)", inputs)
    deployed = [step for step in lineage.steps if step.kind in ("whole", "by_child")]
    for step in deployed:
        _copy(db, step, into, str(day))
    return ["feature_query", "feature_parameters", "feature_inputs", *(step.name for step in deployed)]


def _write_query(
    db: duckdb.DuckDBPyConnection, lineage: FeatureLineage, inputs: list[list[Any]], into: str, day: str
) -> None:
    """Write the finished query, and its parameters with the SQL that reads each alone."""
    columns = _by_table(inputs)
    steps = [replace(step, sql=step.sql.replace(UNCHOSEN, f"cast('{day}' as date)")) for step in lineage.steps]
    query = feature_query.compose(steps, columns)
    sources = {step.name for step in steps if step.kind == "input"}
    db.execute(f"create table {into}.feature_query (sql varchar, as_of_date date, delivery varchar)")
    db.execute(f"insert into {into}.feature_query values (?, ?, ?)", [query.sql, day, feature_query.DELIVERY])
    db.execute(
        f"create table {into}.feature_parameters (position integer, table_name varchar, is_source boolean, sql varchar)"
    )
    db.executemany(
        f"insert into {into}.feature_parameters values (?, ?, ?, ?)",
        [[at, table, table in sources, sql] for at, (table, sql) in enumerate(query.inputs.items())],
    )


def _by_table(inputs: list[list[Any]]) -> dict[str, list[RawColumn]]:
    """Return the columns of each raw table."""
    columns: dict[str, list[RawColumn]] = {}
    for _, table, _, name, kind, *_ in inputs:
        columns.setdefault(table, []).append(RawColumn(name, kind))
    return columns


def _copy(db: duckdb.DuckDBPyConnection, step: Step, into: str, day: str) -> None:
    """Copy what is deployed of a relation, sorted by what it is looked up by."""
    columns = [name for name, *_ in db.execute(f"describe {step.relation}").fetchall()]
    where = f"where as_of_date = '{day}'" if "as_of_date" in columns else ""
    order = step.mates_by or "all"
    db.execute(f"create table {into}.{quoted(step.name)} as select * from {step.relation} {where} order by {order}")


def _inputs(db: duckdb.DuckDBPyConnection, lineage: FeatureLineage) -> list[list[Any]]:
    """Return the columns of raw tables, by the contracts: what a caller may say, and what they must."""
    kinds = {"input", *OF_LANDING.values()} - {"whole"}
    steps = (step for step in lineage.steps if step.kind in kinds)
    return list(chain.from_iterable(_columns(db, step, lineage.required(step)) for step in steps))


def _columns(db: duckdb.DuckDBPyConnection, step: Step, required: set[str | None]) -> list[list[Any]]:
    """Return the columns of one raw table."""
    is_source = step.kind == "input"
    return [
        [step.schema, step.name, at, name, kind, is_source and _is_given(name), name in required]
        for at, (name, kind, *_) in enumerate(db.execute(f"describe {step.relation}").fetchall())
    ]


def _is_given(name: str) -> bool:
    return name not in (*SET_BY_LANDING, KEY_OF_FEEDBACK)
