"""Lineage of a row of a table to the lines of its source files, generated from dbt's manifest and raw tables."""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse import database
from warehouse.audit import access_log
from warehouse.build.manifest import Manifest, Node
from warehouse.database import quoted
from warehouse.errors import NoSuchNumber
from warehouse.settings import Home

LINES_SHOWN = 12
Row = dict[str, Any]  # column → value, of any model


def trace(home: Home, table: str, key: str, who: str | None = None) -> str:
    """Return the lineage of the row with this key as text.

    Args:
        home: the home.
        table: `schema.table`.
        key: the values of the table's key columns, separated by `/`.
        who: who looks, for the access log; the user of this process if nobody is named.

    Raises:
        NoSuchNumber: no such table or row, or the key does not fit.
    """
    manifest = Manifest.read(home)
    model = manifest.find(table)
    with database.warehouse(home, read_only=True) as db:
        row = row_of(db, manifest.node(model), key_of(manifest, model, table, key))
        if child := row.get("child_key"):
            access_log.note(home, "trace", str(child), table, who)
        lines = [f"{table}  {key}", *(f"  {name} = {value}" for name, value in row.items()), "", "made by"]
        lines += [f"  {manifest.node(model)['original_file_path']}", *_tree(manifest, model), ""]
        return "\n".join([*lines, *_facts(db, manifest.raw_tables(model), row)])


def key_of(manifest: Manifest, model: str, table: str, key: str) -> dict[str, str]:
    """Return key column → its value, of a key whose values are separated by `/`.

    Raises:
        NoSuchNumber: the key does not fit the table.
    """
    columns = manifest.keys[model]
    values = key.split("/")
    if len(columns) != len(values):
        told = f"the key of {table} is {'/'.join(columns)}; found {len(values)} values"
        raise NoSuchNumber(told, "wrong_key", table, key, columns)
    return dict(zip(columns, values, strict=True))


def row_of(db: duckdb.DuckDBPyConnection, node: Node, key: dict[str, str]) -> Row:
    """Return the row of a model with a key.

    Raises:
        NoSuchNumber: there is none.
    """
    where = " and ".join(f"cast({quoted(column)} as varchar) = ?" for column in key)
    query = db.execute(
        f"select * from {quoted(node['schema'])}.{quoted(node['name'])} where {where}", list(key.values())
    )
    row = query.fetchone()
    if row is None:
        table = f"{node['schema']}.{node['name']}"
        raise NoSuchNumber(f"{table} has no row {key}", "no_row", table, "/".join(key.values()), key)
    names = [column[0] for column in query.description]
    return dict(zip(names, row, strict=True))


def _tree(manifest: Manifest, model: str) -> list[str]:
    """Return the ancestors of a model, one per line, indented."""
    lines = []
    for depth, name, known in manifest.ancestors(model):
        node = manifest.node(name)
        kind = "raw" if name.startswith("source.") else node["original_file_path"]
        where = f"{node['schema']}.{node.get('identifier') or node['name']}"
        lines.append("  " * (depth + 2) + where + ("  (above)" if known else f"  [{kind}]"))
    return lines


def _facts(db: duckdb.DuckDBPyConnection, sources: list[str], row: Row) -> list[str]:
    """Return the lines of the row's child known on its date, or all files known where the row is of no child."""
    day = row.get("as_of_date") or database.value(db, "select today from raw.calendar")
    child = row.get("child_key")
    lines = [f"lines of the child's records known on {day}" if child else f"files known on {day}"]
    for source in landed(db, sources, of_children=bool(child)):
        lines += _lines_of_child(db, source, int(child), day) if child else _files_known(db, source, day)
    return lines


def landed(db: duckdb.DuckDBPyConnection, sources: list[str], of_children: bool) -> list[str]:
    """Return the raw tables that hold lines of files, or only those of children."""
    needed = ["_line", "child_key"] if of_children else ["_line"]
    tables = database.column(
        db,
        "select table_name from information_schema.columns where table_schema = 'raw' and column_name in "
        "(select unnest(?)) group by 1 having count(*) = ?",
        [needed, len(needed)],
    )
    return [source for source in sources if source in tables]


def _lines_of_child(db: duckdb.DuckDBPyConnection, source: str, child: int, day: object) -> list[str]:
    lines = db.execute(
        f"select _file, _line, known_at from raw.{source} where known_at <= ? and child_key in (select ? union all "
        "select child_key from intermediate.int_children__merges where merged_into = ? and known_at <= ?) "
        "order by known_at, _file, _line",
        [day, child, child, day],
    ).fetchall()
    more = [f"  … and {len(lines) - LINES_SHOWN} earlier ones"] if len(lines) > LINES_SHOWN else []
    return [f"  {file}:{line}  known {known_at}" for file, line, known_at in lines[-LINES_SHOWN:]] + more


def _files_known(db: duckdb.DuckDBPyConnection, source: str, day: object) -> list[str]:
    files = db.execute(
        f"select _file, count(*), min(_line), max(_line) from raw.{source} where known_at <= ? group by 1 order by 1",
        [day],
    ).fetchall()
    more = [f"  … and {len(files) - LINES_SHOWN} other files"] if len(files) > LINES_SHOWN else []
    return [f"  {file}:{first}-{last}  {n} rows" for file, n, first, last in files[-LINES_SHOWN:]] + more
