"""What the service needs to make features of a child's raw records: the models' own compiled SQL, and their context.

The SQL from raw tables to `child_features` goes into the service's file as it is. What a model says of others than the
child itself (`deployed` in its YAML) goes with it as rows of the newest date: `whole`, or, where the service replaces
the rows of who is asked about by what was sent, `by_child`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from warehouse import contracts
from warehouse.build.manifest import Manifest, Node
from warehouse.database import quoted, value
from warehouse.settings import DBT_PROJECT, Home

TARGETS = ("child_features", "int_supports__needs")
NEWEST = "select max(as_of_date) from features.child_features"
BUILT = "select count(*) from duckdb_tables() where schema_name = 'features' and table_name = 'child_features'"
UNCHOSEN = "cast('1900-01-01' as date)"  # as compiled SQL says «not chosen yet» (macros/as_of.sql)
# Of the landing's own columns a caller may state when something was delivered and known; the rest is made.
MADE = ("_file", "_line", "_batch", "child_key")
KEY_OF_FEEDBACK = "nino"  # what was done for a child comes back by its pseudonym: the child's own, here too
OF_LANDING = {"deliveries": "files", "child_merges": "merges", "withheld": "whole"}  # its own tables on the way


@dataclass(frozen=True)
class Step:
    """One relation on the way; `kind` is input, files, merges, view, table, whole or by_child.

    `sql` is a model's, or of an input when its contract says that a row is known.
    """

    schema: str
    name: str
    kind: str
    sql: str = ""
    mates_by: str = ""  # columns by which rows of others belong to a child, separated by commas

    @property
    def relation(self) -> str:
        """Its name in the warehouse."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


class Way:
    """The way from raw tables to features in dbt's manifest."""

    def __init__(self, home: Home) -> None:
        self.compiled, self.contracts = home.dbt / "compiled", contracts.read(DBT_PROJECT)
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

    def is_whole(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Say whether children's features are built and the SQL of every model lies there."""
        if not value(db, BUILT) or value(db, NEWEST) is None:
            return False
        try:
            return bool(self.steps)
        except FileNotFoundError:  # built somewhere else, and not brought here
            return False


def write(db: duckdb.DuckDBPyConnection, way: Way, into: str) -> list[str]:
    """Write steps, inputs and context of the newest date into an attached file; return the tables.

    Args:
        db: the warehouse, with the file attached.
        way: from the last build.
        into: the name under which the file is attached.
    """
    day = value(db, NEWEST)
    chosen = f"cast('{day}' as date)"
    db.execute(f"create table {into}.feature_steps (position integer, schema_name varchar, name varchar, kind varchar, "
               "sql varchar, mates_by varchar, as_of_date date)")  # fmt: skip
    db.executemany(
        f"insert into {into}.feature_steps values (?, ?, ?, ?, ?, ?, ?)",
        [[at, step.schema, step.name, step.kind, step.sql.replace(UNCHOSEN, chosen), step.mates_by, day]
         for at, step in enumerate(way.steps)],
    )  # fmt: skip
    db.execute(
        f"create table {into}.feature_inputs (schema_name varchar, table_name varchar, position integer, "
        "column_name varchar, data_type varchar, is_given boolean, is_required boolean)"
    )
    db.executemany(f"insert into {into}.feature_inputs values (?, ?, ?, ?, ?, ?, ?)", _inputs(db, way))
    deployed = [step for step in way.steps if step.kind in ("whole", "by_child")]
    for step in deployed:
        _copy(db, step, into, str(day))
    return ["feature_steps", "feature_inputs", *(step.name for step in deployed)]


def _copy(db: duckdb.DuckDBPyConnection, step: Step, into: str, day: str) -> None:
    """Copy what is deployed of a relation, sorted by what it is looked up by."""
    columns = [name for name, *_ in db.execute(f"describe {step.relation}").fetchall()]
    where = f"where as_of_date = '{day}'" if "as_of_date" in columns else ""
    order = step.mates_by or "all"
    db.execute(f"create table {into}.{quoted(step.name)} as select * from {step.relation} {where} order by {order}")


def _inputs(db: duckdb.DuckDBPyConnection, way: Way) -> list[list[Any]]:
    """Return the columns of raw tables, by the contracts: what a caller may say, and what they must."""
    return [
        [step.schema, step.name, at, name, kind, step.kind == "input" and _is_given(name), name in way.required(step)]
        for step in way.steps
        if step.kind in ("input", *OF_LANDING.values()) and step.kind != "whole"
        for at, (name, kind, *_) in enumerate(db.execute(f"describe {step.relation}").fetchall())
    ]


def _is_given(name: str) -> bool:
    return name not in (*MADE, KEY_OF_FEEDBACK)
