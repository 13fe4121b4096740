"""The one query that makes features of raw records: the models' compiled SQL, each a part that later parts read.

What was sent comes in as parameters, one JSON text a source, and nothing is ever stored: not in a table, not on a disk.
One query for all of the models costs two thirds of a table for each (`docs/benchmarks.md`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

PUBLISHED = "published"  # under which name the published file is attached
FILE = "sent"  # the delivery that what was sent stands for
RELATION = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')  # as compiled SQL names what it reads
PUPILS, MERGED = '"intermediate.int_pupils__as_of"', '"raw.child_merges"'
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


class Step(NamedTuple):
    """One relation on the way from raw tables to features (`warehouse/publish/service_features.py`)."""

    schema: str
    name: str
    kind: str  # input, files, merges, view, table, whole or by_child
    sql: str
    mates_by: str


Columns = Sequence[Mapping[str, str]]  # of a raw table: name and type


class Query(NamedTuple):
    """What makes features: `sql` with a parameter for each of `inputs`, in order; and what reads each input alone."""

    sql: str
    inputs: Mapping[str, str]


def compose(steps: Iterable[Step], columns: Mapping[str, Columns]) -> Query:
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
            inputs[step.name] = _sent(step, columns[step.name], "$1")
            parts[name] = _sent(step, columns[step.name], f"${len(inputs)}")
        else:
            parts |= _parts(step, name, columns)
    listed = ",\n".join(f'"{name}" as ({sql})' for name, sql in parts.items())
    return Query(f"with {listed}\n{READ}", inputs)


def _parts(step: Step, name: str, columns: Mapping[str, Columns]) -> dict[str, str]:
    """Return the parts that a relation becomes."""
    if step.kind == "whole":
        return {name: f'select * from {PUBLISHED}."{step.name}"'}
    if step.kind == "files":
        return {name: _file(columns[step.name])}
    own = RELATION.sub(r'"\1.\2"', step.sql)
    return _with_others(step, name, own) if step.kind == "by_child" else {name: own}


def _sent(step: Step, columns: Columns, parameter: str) -> str:
    """Return SQL of what was sent; a row is known when its contract says so, as where files land, never before it came.

    A parameter of a known type lets the plan be kept: without the cast it would be made anew for every child.
    """
    shape = json.dumps([{one["name"]: one["type"] for one in columns}]).replace("'", "''")
    said = f"greatest(cast({step.sql} as date), _delivered_at)"
    shown = f"* replace (coalesce(known_at, {said}) as known_at)" if step.sql else "*"
    return (
        f"select {shown} from (select unnest(from_json_strict(cast({parameter} as varchar), '{shape}'), "
        "recursive := true))"
    )


def _file(columns: Columns) -> str:
    """Return SQL of the one delivery."""
    values = {"file": f"'{FILE}'", "status": "'landed'"}
    return "select " + ", ".join(
        f'cast({values.get(one["name"], "null")} as {one["type"]}) as "{one["name"]}"' for one in columns
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
            select * from {PUBLISHED}."{step.name}" as p
            where p.{column} in (select {column} from {PUPILS}) and p.child_key not in (
                select child_key from {PUPILS} union all select child_key from {MERGED}
                union all select child_key from "{before}")"""
    return parts
