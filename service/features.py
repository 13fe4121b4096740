"""Features of raw records by the warehouse's own SQL: its compiled models run in memory over the records of a request.

Rows of others (schools, classmates, siblings) are deployed beside the SQL. All of it is one query that is planned once
(`feature_query` of the published file) and reads the records as parameters: nothing of a child is ever stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from service.predict import Unusable
from service.published import DuckDBConfig, rows

CONFIG: DuckDBConfig = {
    "threads": 1,
    "memory_limit": "1GB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": False,
    "temp_directory": "",  # records of a child are never written to a disk
    # a list of values is compared faster with a few rows than joined to them
    "disabled_optimizers": "in_clause",
}
QUERY = "select sql, as_of_date, delivery from feature_query"
PARAMETERS = "select table_name, is_source, sql from feature_parameters order by position"
INPUTS = """
select table_name, list({name: column_name, type: data_type} order by position),
  coalesce(list(column_name order by position) filter (is_given), []),
  coalesce(list(column_name) filter (is_required), [])
from feature_inputs group by table_name
"""
LARGEST = {"SMALLINT": 2**15 - 1, "INTEGER": 2**31 - 1, "BIGINT": 2**63 - 1}
LONGEST = 100  # characters of a text
MOST_ROWS = 500  # of a source and child
# Errors of impossible values; any other is a fault of ours.
HOSTILE = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.TypeMismatchException,
)


class NoContext(Exception):
    """The published file has no SQL and context of features."""


Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class ChildRecords:
    """One child's records, by source.

    Args:
        key: its pseudonym, or a number that no child has.
        records: source → rows by the columns of its contract; a row may say `known_at` and `_delivered_at`.
        merged: other keys that turned out to be the same child → the records under them.
    """

    key: int
    records: Records
    merged: Mapping[int, Records] = field(default_factory=dict)


@dataclass(frozen=True)
class MadeFeatures:
    """Features by key, as columns name them, and the services whose rule is met."""

    as_of: date
    features: Mapping[int, Mapping[str, Any]]
    services: Mapping[int, Sequence[Mapping[str, Any]]]


class FeatureDatabase:
    """One database in memory, for one request at a time.

    Raises:
        NoContext: the file holds no features' SQL.
    """

    def __init__(self, published: Path) -> None:
        self.db = _opened(published)
        try:
            ((sql, self.as_of, self._delivery),) = self.db.execute(QUERY).fetchall()
        except duckdb.CatalogException as error:
            raise NoContext(f"{published} was published without the features' SQL") from error
        parameters = self.db.execute(PARAMETERS).fetchall()
        self.sources = {table for table, is_source, _ in parameters if is_source}
        self._parameters: dict[str, str] = {table: read_alone for table, _, read_alone in parameters}
        names, columns, given, required = zip(*self.db.execute(INPUTS).fetchall(), strict=True)
        self.inputs: dict[str, list[dict[str, str]]] = dict(zip(names, columns, strict=True))
        self._given: dict[str, list[str]] = dict(zip(names, given, strict=True))
        self._required: dict[str, list[str]] = dict(zip(names, required, strict=True))
        self.db.execute(f"prepare features as {sql}")

    def make_features(self, children: Iterable[ChildRecords]) -> MadeFeatures:
        """Return features of children as of the date that is published.

        Raises:
            Unusable: a source or column is not known, a value is not of its type, or a key stands for two.
        """
        tables = self._tables(list(children))
        # pure ASCII without anything to escape but the mark itself; EXECUTE takes no parameters of ours
        parameters = {name: f"'{self._json(name, tables[name])}'" for name in self._parameters}
        try:
            made = rows(self.db.execute(f"execute features({', '.join(parameters.values())})"))
        except HOSTILE as error:
            raise Unusable(self._fault(parameters)) from error
        features = {row["child_key"]: row for row in made}
        services = {key: row.pop("services") or [] for key, row in features.items()}
        return MadeFeatures(self.as_of, features, services)

    def _json(self, name: str, table: list[dict[str, Any]]) -> str:
        columns = [column["name"] for column in self.inputs[name]]
        records = [{column: row.get(column) for column in columns} for row in table]
        return json.dumps(records, default=str).replace("'", "''")

    def _fault(self, parameters: Mapping[str, str]) -> str:
        """Name the source that cannot be read, without its values."""
        for name, text in parameters.items():
            try:
                self.db.execute(self._parameters[name].replace("$1", text)).fetchall()
            except HOSTILE:
                return f"{name}: a value is not of its column's type (GET /v1/records names them)"
        return "records: a value is of its type, and beyond what can be"

    def columns(self) -> dict[str, dict[str, str]]:
        """Return source → column → type of the records in a request."""
        return {source: self._types(source) for source in sorted(self.sources)}

    def _types(self, source: str) -> dict[str, str]:
        kinds = {column["name"]: column["type"] for column in self.inputs[source]}
        return {name: kinds[name] for name in self._given[source]}

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the records in a request, by source."""
        return {
            source: {"type": "array", "maxItems": MOST_ROWS, "items": self._schema(source)}
            for source in sorted(self.sources)
        }

    def _schema(self, source: str) -> dict[str, Any]:
        required = self._required[source]
        types = self._types(source)
        return {
            "type": "object",
            "required": sorted(required),
            "additionalProperties": False,
            "properties": {name: _schema(kind, name not in required) for name, kind in types.items()},
        }

    def _tables(self, children: Sequence[ChildRecords]) -> dict[str, list[dict[str, Any]]]:
        keys = list(chain.from_iterable((child.key, *child.merged) for child in children))
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
        for source, of_source in records.items():
            if source not in self.sources:
                raise Unusable(f"no source {source[:40]!r}: {', '.join(sorted(self.sources))}")
            tables[source] += [self._landed(key, source, at, row) for at, row in enumerate(of_source, 1)]

    def _landed(self, key: int, source: str, at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as it would have been landed."""
        values = {name.lower(): _whole(value) for name, value in row.items() if value is not None}
        self._check(source, at, values)
        landing = {"child_key": key, "nino": key, "_file": self._delivery, "_line": at}
        return {"_delivered_at": self.as_of} | values | landing

    def _check(self, source: str, at: int, values: Mapping[str, Any]) -> None:
        if unknown := sorted(values.keys() - self._given[source]):
            raise Unusable(f"{source} has no {', '.join(name[:40] for name in unknown[:5])}")
        if lacking := sorted(set(self._required[source]) - values.keys()):
            raise Unusable(f"{source}: row {at} lacks {', '.join(lacking[:5])}")


def _opened(published: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory beside a published file, and let it open nothing more."""
    db = duckdb.connect(":memory:", config=CONFIG)
    db.execute(f"attach '{published}' as published (read_only)")
    db.execute("use published")  # the query names its tables alone
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")
    return db


def _whole(value: object) -> object:
    """Return 2025 for 2025.0, which JSON does not tell apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _schema(kind: str, is_nullable: bool) -> dict[str, Any]:
    """Return a column's type as JSON Schema."""
    schema: dict[str, Any] = {"type": {"BOOLEAN": "boolean", "DOUBLE": "number"}.get(kind, "string")}
    if kind in LARGEST:
        schema = {"type": "integer", "minimum": -LARGEST[kind] - 1, "maximum": LARGEST[kind]}
    elif kind == "DATE":
        schema["format"] = "date"
    elif kind == "VARCHAR":
        schema["maxLength"] = LONGEST
    return schema | ({"type": [schema["type"], "null"]} if is_nullable else {})
