"""The one query by which the service makes features of raw records: the models' compiled SQL, each a part of it.

Records come in as parameters, one JSON text a source, and nothing is ever stored: not in a table, not on a disk.
One query for all of the models costs two thirds of a table for each (`docs/benchmarks.md`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from warehouse.database import quoted

DELIVERY = "sent"  # stands for the file of the records in a request
RELATION = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')  # as compiled SQL names a relation
PUPILS = '"intermediate.int_pupils__as_of"'
MERGED = '"raw.child_merges"'
# Features of a child in a row, and the services whose rule is met: a list in the last column, null if there are none.
READ = """
select f.*, s.services
from "features.child_features" as f left join (
  select n.child_key, list({
    'support_code': n.support_code, 'service_name': s.service_name, 'need': n.need, 'who_acts': s.who_acts,
    'is_received': n.is_received
  } order by n.support_code) as services
  from "intermediate.int_supports__needs" as n join "staging.services" as s
    on s.support_code = n.support_code and n.as_of_date >= s.valid_from and n.as_of_date < s.valid_until
  group by n.child_key
) as s on s.child_key = f.child_key
"""


@dataclass(frozen=True)
class Step:
    """One relation on the way; `kind` is input, files, nothing, merges, view, table, whole or by_child.

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


class RawColumn(NamedTuple):
    """A column of a raw table."""

    name: str
    type: str


Columns = Sequence[RawColumn]


class ServingQuery(NamedTuple):
    """The features' SQL, with a parameter for each of `inputs`, in order; and the SQL that reads each input alone."""

    sql: str
    inputs: Mapping[str, str]


def compose(steps: Iterable[Step], columns: Mapping[str, Columns]) -> ServingQuery:
    """Return the query over all steps.

    Args:
        steps: every relation after those that it reads; the last ones are features and services.
        columns: by raw table.
    """
    parts: dict[str, str] = {}
    inputs: dict[str, str] = {}
    for step in steps:
        name = f"{step.schema}.{step.name}"
        if step.kind in ("input", "merges"):
            inputs[step.name] = _records(step, columns[step.name], "$1")
            parts[name] = _records(step, columns[step.name], f"${len(inputs)}")
        else:
            parts |= _parts(step, name, columns)
    listed = ",\n".join(f'"{name}" as ({sql})' for name, sql in parts.items())
    return ServingQuery(f"with {listed}\n{READ}", inputs)


def _parts(step: Step, name: str, columns: Mapping[str, Columns]) -> dict[str, str]:
    """Return the parts that a relation becomes."""
    if step.kind == "whole":
        return {name: f"select * from {quoted(step.name)}"}
    if step.kind in ("files", "nothing"):
        return {name: _file(columns[step.name]) + (" where false" if step.kind == "nothing" else "")}
    own = RELATION.sub(r'"\1.\2"', step.sql)
    return _with_others(step, name, own) if step.kind == "by_child" else {name: own}


def _records(step: Step, columns: Columns, parameter: str) -> str:
    """Return SQL of a request's records; a row is known when its contract says so, never before its delivery.

    A parameter of a known type lets the plan be kept: without the cast it would be made anew for every child.
    """
    shape = json.dumps([{column.name: column.type for column in columns}]).replace("'", "''")
    known_at = f"greatest(cast({step.sql} as date), _delivered_at)"
    selected = f"* replace (coalesce(known_at, {known_at}) as known_at)" if step.sql else "*"
    return (
        f"select {selected} from (select unnest(from_json_strict(cast({parameter} as varchar), '{shape}'), "
        "recursive := true))"
    )


def _file(columns: Columns) -> str:
    """Return SQL of the one delivery."""
    values = {"file": f"'{DELIVERY}'", "status": "'landed'"}
    return "select " + ", ".join(
        f"cast({values.get(column.name, 'null')} as {column.type}) as {quoted(column.name)}" for column in columns
    )


def _with_others(step: Step, name: str, own: str) -> dict[str, str]:
    """Return parts that add the published rows of others, by each of the columns that tell whose others they are."""
    columns = step.mates_by.split(",")
    names = [*(f"{name} before {column}" for column in columns), name]
    parts = {names[0]: own}
    for before, after, column in zip(names, names[1:], columns, strict=False):
        parts[after] = f"""
            select * from "{before}"
            union all by name
            select * from {quoted(step.name)} as p
            where p.{column} in (select {column} from {PUPILS}) and p.child_key not in (
                select child_key from {PUPILS} union all select child_key from {MERGED}
                union all select child_key from "{before}")"""
    return parts
