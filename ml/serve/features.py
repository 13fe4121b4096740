"""Features of raw records, made by the warehouse's own SQL: its compiled models run in memory over what was sent.

What the models say of others (schools, classmates, siblings) is deployed beside the SQL. Every request is a transaction
that is taken back: nothing of a child stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ml.serve.predict import Unusable

DATABASE = "warehouse"  # as compiled SQL names it
PUBLISHED = "published"
FILE = "sent"  # the delivery that what was sent stands for
CONFIG = {
    "threads": 1, "memory_limit": "1GB", "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    "preserve_insertion_order": False,
    "temp_directory": "",  # what was sent of a child is never written to a disk
    # plans are made of empty tables and kept: what is concluded from a table's contents would be wrong at each request;
    # and a list of values is compared faster with a few rows than joined to them (in_clause)
    "disabled_optimizers": "statistics_propagation,compressed_materialization,row_group_pruner,in_clause",
}  # fmt: skip
STEPS = "select schema_name, name, kind, sql, mates_by, as_of_date from published.feature_steps order by position"
INPUTS = """
select table_name, list({name: column_name, type: data_type} order by position),
  coalesce(list(column_name order by position) filter (is_given), []),
  coalesce(list(column_name) filter (is_required), [])
from published.feature_inputs group by table_name
"""
LARGEST = {"SMALLINT": 2**15 - 1, "INTEGER": 2**31 - 1, "BIGINT": 2**63 - 1}
LONGEST, MOST_ROWS = 100, 500  # characters of a text, rows of a source and child
# What values that cannot be bring about; anything else is a fault of ours.
HOSTILE = (
    duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.TypeMismatchException,
)  # fmt: skip
READ = {"features": f"select * from {DATABASE}.features.child_features", "services": f"""
select n.child_key, n.support_code, s.service_name, n.need, s.who_acts, n.is_received
from {DATABASE}.intermediate.int_supports__needs as n join {DATABASE}.staging.services as s
  on s.support_code = n.support_code and n.as_of_date >= s.valid_from and n.as_of_date < s.valid_until
order by n.child_key, n.support_code
"""}  # fmt: skip


class NoContext(Exception):
    """The published file has no SQL and context of features."""


Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Child:
    """One child's records, by source.

    Args:
        key: its pseudonym, or a number that no child has.
        records: source → rows by the columns of its contract; a row may say `known_at` and `_delivered_at`.
        merged: other keys that turned out to be the same child → what was recorded under them.
    """

    key: int
    records: Records
    merged: Mapping[int, Records] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """What was made: by key, features as columns name them, and services whose rule is met."""

    as_of: date
    features: Mapping[int, Mapping[str, Any]]
    services: Mapping[int, Sequence[Mapping[str, Any]]]


class Features:
    """One database in memory; whoever uses it is alone with it.

    Raises:
        NoContext: the file holds no features' SQL.
    """

    def __init__(self, published: Path) -> None:
        self.db = _opened(published)
        try:
            steps = self.db.execute(STEPS).fetchall()
        except duckdb.CatalogException as error:
            raise NoContext(f"{published} was published without the features' SQL") from error
        self.as_of: date = steps[0][-1]
        self.sources = {name for _, name, kind, *_ in steps if kind == "input"}
        names, columns, given, required = zip(*self.db.execute(INPUTS).fetchall(), strict=True)
        self.inputs: dict[str, list[dict[str, str]]] = dict(zip(names, columns, strict=True))
        self._given: dict[str, list[str]] = dict(zip(names, given, strict=True))
        self._required: dict[str, list[str]] = dict(zip(names, required, strict=True))
        self._inserting: dict[str, str] = {}
        self._filling: list[str] = []
        for step in steps:
            self._make(*step[:-1])
        self._prepare()

    def _prepare(self) -> None:
        """Plan everything once it is made: a plan older than a relation would be made anew at each request."""
        for at, sql in enumerate(self._filling):
            self.db.execute(f"prepare fill_{at} as {sql}")
        for sql in self._inserting.values():
            self.db.execute(sql)
        for name, sql in READ.items():
            self.db.execute(f"prepare read_{name} as {sql}")
        self._insert("deliveries", [{"file": FILE, "status": "landed"}])

    def _make(self, schema: str, name: str, kind: str, sql: str, mates_by: str) -> None:
        """Make a relation, and say what fills it at each request."""
        self.db.execute(f"create schema if not exists {DATABASE}.{schema}")
        relation, published = f'{DATABASE}.{schema}."{name}"', f'{PUBLISHED}."{name}"'
        if kind == "view":
            self.db.execute(f"create view {relation} as {sql}")
        elif kind == "whole":
            self.db.execute(f"create view {relation} as select * from {published}")
        elif kind in ("input", "files", "merges"):
            self._make_input(name, relation, known_at=sql)
        else:
            self.db.execute(f"create table {relation} as select * from ({sql}) limit 0")
            self._filling.append(f"insert into {relation} by name {sql}")
        if kind == "by_child":
            self._filling += [_of_others(relation, published, column) for column in mates_by.split(",")]

    def _make_input(self, name: str, relation: str, known_at: str) -> None:
        """Make a raw table; a row is known, as where files land, when its contract says, and never before it came."""
        columns = self.inputs[name]
        shown = ", ".join(f'"{one["name"]}" {one["type"]}' for one in columns)
        self.db.execute(f"create table {relation} ({shown})")
        shape = json.dumps([{one["name"]: one["type"] for one in columns}]).replace("'", "''")
        said = f"greatest(cast({known_at} as date), _delivered_at)"
        shown = f"* replace (coalesce(known_at, {said}) as known_at)" if known_at else "*"
        self._inserting[name] = (
            f"prepare insert_{name} as insert into {relation} "
            f"select {shown} from (select unnest(from_json_strict($1, '{shape}'), recursive := true))"
        )

    def make(self, children: Iterable[Child]) -> Made:
        """Return features of children as of the date that is published.

        Raises:
            Unusable: a source or column is not known, a value is not of its type, or a key stands for two.
        """
        tables = self._tables(list(children))
        self.db.execute("begin")
        try:
            for name in tables:
                self._insert(name, tables[name])
            self._fill()
            features = {row["child_key"]: row for row in self._rows("features")}
            services: dict[int, list[dict[str, Any]]] = {key: [] for key in features}
            for row in self._rows("services"):
                services[row.pop("child_key")].append(row)
            return Made(self.as_of, features, services)
        finally:
            self.db.execute("rollback")

    def _fill(self) -> None:
        try:
            for at in range(len(self._filling)):
                self.db.execute(f"execute fill_{at}")
        except HOSTILE as error:
            raise Unusable("records: a value is of its type, and beyond what can be") from error

    def columns(self) -> dict[str, dict[str, str]]:
        """Return source → column → type of what may be sent."""
        return {source: self._types(source) for source in sorted(self.sources)}

    def _types(self, source: str) -> dict[str, str]:
        kinds = {one["name"]: one["type"] for one in self.inputs[source]}
        return {name: kinds[name] for name in self._given[source]}

    def schema(self) -> dict[str, Any]:
        """Return what may be sent as JSON Schema, by source."""
        return {
            source: {"type": "array", "maxItems": MOST_ROWS, "items": self._schema(source)}
            for source in sorted(self.sources)
        }

    def _schema(self, source: str) -> dict[str, Any]:
        required, types = self._required[source], self._types(source)
        return {
            "type": "object", "required": sorted(required), "additionalProperties": False,
            "properties": {name: _schema(kind, name not in required) for name, kind in types.items()},
        }  # fmt: skip

    def _tables(self, children: Sequence[Child]) -> dict[str, list[dict[str, Any]]]:
        keys = [key for child in children for key in (child.key, *child.merged)]
        if len(set(keys)) < len(keys):  # a key that is merged into itself would be followed for ever
            raise Unusable("a child's key stands twice in what was sent")
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in self.inputs}
        for child in children:
            self._add(tables, child.key, child.records)
            for key, records in child.merged.items():
                self._add(tables, key, records)
                tables["child_merges"].append({"child_key": key, "merged_into": child.key, "known_at": self.as_of})
        return tables

    def _add(self, tables: dict[str, list[dict[str, Any]]], key: int, records: Records) -> None:
        for source, rows in records.items():
            if source not in self.sources:
                raise Unusable(f"no source {source[:40]!r}: {', '.join(sorted(self.sources))}")
            tables[source] += [self._landed(key, source, at, row) for at, row in enumerate(rows, 1)]

    def _landed(self, key: int, source: str, at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as it would have been landed."""
        said = {name.lower(): _whole(value) for name, value in row.items() if value is not None}
        self._check(source, at, said)
        return {"_delivered_at": self.as_of} | said | {"child_key": key, "nino": key, "_file": FILE, "_line": at}

    def _check(self, source: str, at: int, said: Mapping[str, Any]) -> None:
        if strange := sorted(said.keys() - self._given[source]):
            raise Unusable(f"{source} has no {', '.join(name[:40] for name in strange[:5])}")
        if lacking := sorted(set(self._required[source]) - said.keys()):
            raise Unusable(f"{source}: row {at} lacks {', '.join(lacking[:5])}")

    def _insert(self, name: str, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        columns = self.inputs[name]
        text = json.dumps([{one["name"]: row.get(one["name"]) for one in columns} for row in rows], default=str)
        quoted = "'" + text.replace("'", "''") + "'"
        try:
            # pure ASCII without anything to escape but the mark itself; EXECUTE takes no parameters of ours
            self.db.execute(f"execute insert_{name}({quoted})")
        except HOSTILE as error:
            raise Unusable(f"{name}: a value is not of its column's type (GET /v1/records names them)") from error

    def _rows(self, name: str) -> list[dict[str, Any]]:
        found = self.db.execute(f"execute read_{name}")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _opened(published: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory beside a published file, and let it open nothing more."""
    db = duckdb.connect(":memory:", config=CONFIG)
    db.execute(f"attach '{published}' as {PUBLISHED} (read_only)")
    db.execute(f"attach ':memory:' as {DATABASE}")
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")
    return db


def _whole(value: object) -> object:
    """Return 2025 for 2025.0, which JSON does not tell apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _schema(kind: str, is_nullable: bool) -> dict[str, Any]:
    """Return a column's type as JSON Schema."""
    said: dict[str, Any] = {"type": {"BOOLEAN": "boolean", "DOUBLE": "number"}.get(kind, "string")}
    if kind in LARGEST:
        said = {"type": "integer", "minimum": -LARGEST[kind] - 1, "maximum": LARGEST[kind]}
    elif kind == "DATE":
        said["format"] = "date"
    elif kind == "VARCHAR":
        said["maxLength"] = LONGEST
    return said | ({"type": [said["type"], "null"]} if is_nullable else {})


def _of_others(relation: str, published: str, column: str) -> str:
    """Return SQL that adds the published rows of others: those that share what the column says."""
    pupils = f"{DATABASE}.intermediate.int_pupils__as_of"
    return (
        f"insert into {relation} select * from {published} as p where p.{column} in (select {column} from {pupils}) "
        f"and p.child_key not in (select child_key from {pupils} "
        f"union all select child_key from {DATABASE}.raw.child_merges union all select child_key from {relation})"
    )
