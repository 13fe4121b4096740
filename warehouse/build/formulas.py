"""Which code made each closed as-of date: models, macros, thresholds and seeds as hashes, by model.

Hashed is what stands in the project, without comments and layout, and not the compiled SQL: it is known before anything
is compiled, and holds no date. What closed before this was noted is unknown, and said to be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.build import parsing, policy
from warehouse.database import transaction, value
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT

# raw.formulas: the code of now. raw.closed_code: that which made a date of a table; of a view or seed, of its features.
DDL = """
create table if not exists raw.formulas (code varchar, node varchar, hash varchar, is_dated boolean);
create table if not exists raw.closed_code (as_of_date date, node varchar, hash varchar, noted_at timestamp);
"""
OWN = "macro.qhawaq."
DATED = "as_of"  # materialization
QUOTED_OR_COMMENT = re.compile(
    r"('(?:[^']|'')*'|\"[^\"]*\")|\{#.*?#\}|/\*.*?\*/|--[^\n]*|([{%}])-|-([%}])|\s+", re.DOTALL
)
THRESHOLD = re.compile(r"\bvar\(\s*['\"](\w+)")
WIDE = "child_features"
NEW = f"""
select closed.as_of_date, now.node, now.hash, now()::timestamp as noted_at
from raw.closed_dates as closed cross join raw.formulas as now
join raw.held_dates as held
  on held.as_of_date = closed.as_of_date and held.table_name = if(now.is_dated, now.node, '{WIDE}')
left join raw.closed_code as old on old.as_of_date = closed.as_of_date and old.node = now.node
where held.built_at > coalesce(old.noted_at, timestamp '0001-01-01')
"""
# Models that are no more, of dates that were built again without them.
ENDED = f"""
delete from raw.closed_code where node not in (select node from raw.formulas) and exists (
  select 1 from raw.held_dates as held where held.table_name = '{WIDE}'
  and held.as_of_date = raw.closed_code.as_of_date and held.built_at > raw.closed_code.noted_at)
"""
CHANGED = """
select coalesce(now.node, old.node) as node, count(distinct old.as_of_date) as dates
from raw.closed_code as old left join raw.formulas as now using (node)
where old.hash is distinct from now.hash and old.as_of_date in (select as_of_date from raw.closed_dates)
group by 1 order by 1
"""
UNKNOWN = """
select count(*) from raw.closed_dates where as_of_date not in (select as_of_date from raw.closed_code)
"""


@dataclass(frozen=True)
class Formula:
    """A model or seed that tables of dates are made of."""

    node: str
    hash: str
    is_dated: bool


def changed(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the models and seeds that are not what closed dates were made by, with the number of these dates."""
    return dict(db.execute(CHANGED).fetchall())


def unknown(db: duckdb.DuckDBPyConnection) -> int:
    """Return the number of closed dates of which nobody noted what made them."""
    return value(db, UNKNOWN) or 0


def note(db: duckdb.DuckDBPyConnection, code: str, project: Path = DBT_PROJECT) -> None:
    """Note the formulas of now, where other code was noted last."""
    if value(db, "select bool_and(code = ?) from raw.formulas", [code]):
        return
    rows = [(code, found.node, found.hash, found.is_dated) for found in of_project(project)]
    with transaction(db):
        db.execute("delete from raw.formulas")
        db.executemany("insert into raw.formulas values (?, ?, ?, ?)", rows)


def tell(db: duckdb.DuckDBPyConnection, progress: Progress) -> None:
    """Say in a line what has changed since closed dates were built, and what to do."""
    if found := changed(db):
        progress.say(
            f"changed since {max(found.values())} closed dates were built: {', '.join(found)}; these dates keep what "
            "they have: 'qhawaq diff --closed' shows what building them again alters, 'qhawaq build --full-refresh' "
            "does it",
            unknown_dates=unknown(db),
        )


def remember(db: duckdb.DuckDBPyConnection) -> None:
    """Note of closed dates that were built since they were noted last which code made them."""
    with transaction(db):
        db.execute(ENDED)
        db.execute(f"create or replace temp table made as {NEW}")
        db.execute("delete from raw.closed_code where (as_of_date, node) in (select (as_of_date, node) from made)")
        db.execute("insert into raw.closed_code by name from made")
        db.execute("drop table made")


def of_project(project: Path) -> list[Formula]:
    """Return the formulas of tables that are built by date, and of everything that these are made of."""
    manifest = parsing.manifest(project)
    dated = [name for name, node in manifest.nodes.items() if _is_dated(node)]
    above = _reached(dated, lambda name: manifest.nodes.keys() & manifest.nodes[name].depends_on_nodes)
    thresholds = policy.variables()
    nodes = (manifest.nodes[name] for name in sorted(above))
    return [Formula(node.name, _hash(node, manifest.macros, thresholds), _is_dated(node)) for node in nodes]


def _is_dated(node: Any) -> bool:  # noqa: ANN401  dbt's node
    return bool(node.resource_type == "model" and node.config.materialized == DATED)


def _hash(node: Any, macros: Mapping[str, Any], thresholds: Mapping[str, Any]) -> str:  # noqa: ANN401  dbt's types
    """Hash a seed's content; of a model its code, the macros and thresholds that it uses, and its columns' names."""
    if node.resource_type == "seed":
        return str(node.checksum.checksum)
    code = [node.raw_code, *_macros(node.depends_on.macros, macros)]
    used = sorted({name for text in code for name in THRESHOLD.findall(text)})
    said = [*map(plain, code), *(f"{name}={thresholds.get(name)}" for name in used), *node.columns]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _macros(names: Iterable[str], macros: Mapping[str, Any]) -> list[str]:
    """Return the code of our macros of some names and of those that they call."""
    used = _reached(_ours(names), lambda name: _ours(macros[name].depends_on.macros))
    return [macros[name].macro_sql for name in sorted(used)]


def _ours(macros: Iterable[str]) -> list[str]:
    return [name for name in macros if name.startswith(OWN)]


def _reached(start: Iterable[str], onward: Callable[[str], Iterable[str]]) -> set[str]:
    """Return some nodes of a graph and all that they lead to."""
    reached = set(start)
    todo = list(reached)
    while todo:
        new = {*onward(todo.pop())} - reached
        reached |= new
        todo += new
    return reached


def plain(code: str) -> str:
    """Return code without comments and layout; what is quoted stays as it is."""
    return QUOTED_OR_COMMENT.sub(lambda found: "".join(filter(None, found.groups())), code)
