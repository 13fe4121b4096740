"""The children that a count counts, and the lines of files that tell of them: for who may see them, noted of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse import database
from warehouse.audit import access_log
from warehouse.audit.trace import key_of, landed, row_of
from warehouse.build.manifest import Manifest
from warehouse.errors import UsageError
from warehouse.settings import Home


@dataclass(frozen=True)
class Counted:
    """The children of a count.

    Attributes:
        n_pupils: how many they are, exactly.
        n_cases: of how many the indicator is true, exactly.
        n_lines: how many lines of files tell of them.
    """

    n_pupils: int
    n_cases: int
    n_lines: int


def write(home: Home, table: str, key: str, reason: str, to: Path) -> Counted:
    """Write the children that a row of a mart counts, with each line of a file that tells of them, as CSV.

    Args:
        home: the home.
        table: `schema.table` of a mart whose YAML says which children it counts (`counts_children`).
        key: the values of its key columns, separated by `/`.
        reason: why, for the access log, in which each child is noted before the file is written.
        to: the file, which must not be there yet.

    Raises:
        UsageError: no such table, it does not say which children it counts, or none is counted by this row.
        QhawaqError: no such row.
    """
    manifest = Manifest.read(home)
    model = manifest.find(table)
    counts = manifest.node(model)["config"]["meta"].get("counts_children")
    if not counts:
        raise UsageError(
            f"{table} does not say which children a row of it counts: 'qhawaq audit trace' shows its files"
        )
    if to.exists():
        raise UsageError(f"{to} is there already: name another file")
    with database.warehouse(home, read_only=True) as db:
        row = row_of(db, manifest.node(model), key_of(manifest, model, table, key))
        _count(db, counts, row)
        pupils = database.column(db, "select distinct child_key from counted order by 1")
        if not pupils:
            raise UsageError(f"{table} {key}: its children are not kept one by one, in {' or '.join(counts['of'])}")
        access_log.note_all(home, "trace", pupils, f"{table} {key}: {reason}")
        lines = " union all ".join(map(_lines, landed(db, manifest.raw_tables(model), of_children=True)))
        in_order = f"select * from ({lines}) order by is_case desc, child_key, source, file, line"
        n_lines = database.write_rows(db, in_order, to, "format csv, header")
        n_cases = database.value(db, "select count(distinct child_key) from counted where is_case")
    return Counted(len(pupils), n_cases, n_lines)


# A child may have been counted under a key that is another person's now, and lines may stand under any of its keys.
_MERGES = """
create temp table merges as
select child_key, max_by(merged_into, known_at) as merged_into from intermediate.int_children__merges group by child_key
"""


def _count(db: duckdb.DuckDBPyConnection, counts: dict[str, Any], row: dict[str, Any]) -> None:
    """Note the children of a row in a temporary table, each with whether it is a case."""
    models = " union all by name ".join(f"select * from intermediate.{name}" for name in counts["of"])
    asked = {name: row[name] for name in row if f"${name}" in counts["where"]}
    db.execute(_MERGES)
    db.execute(
        "create temp table counted as select child_key, coalesce(merged_into, child_key) as person_key, is_case "
        f"from ({models}) left join merges using (child_key) where {counts['where']}",
        asked,
    )


def _lines(source: str) -> str:
    """Return SQL for the lines of a source that tell of the children, under all of their keys."""
    return (
        f"select counted.child_key, counted.is_case, '{source}' as source, told._file as file, told._line as line, "
        f"told.known_at from raw.{source} as told left join merges using (child_key) "
        "join counted on counted.person_key = coalesce(merges.merged_into, told.child_key)"
    )
