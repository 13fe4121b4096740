"""Lists of an earlier release without those who may stand on none any more: a way back passes no family's decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from warehouse import files
from warehouse.database import STORAGE_VERSION, column, quoted
from warehouse.publish import decisions, serving, switching
from warehouse.publish.decisions import Hidden
from warehouse.settings import Home

LISTS = ("priority_list", "repetition_list")  # releases of former code lack the second
# Marts with a row for each listed child: what is told of a child because it stands on a list.
OF_LISTED = (*LISTS, "suggested_services", "list_changes", "list_reasons", "actions", "worklist")
LISTED = """
select distinct child_key from {table} where child_key in (select unnest(?::varchar[]))
or concat_ws(' ', child_key, as_of_date) in (select unnest(?::varchar[]))
"""


def redact(home: Home, release: str) -> int:
    """Take children off the lists of a release who object, or whom a reviewer took off; return how many.

    The release is not the current one: nobody reads the files while they are replaced.

    Raises:
        DamagedFile: the file of decisions or the release's manifest is damaged.
    """
    hidden = decisions.hidden(decisions.read(home.decisions))
    if not (hidden.children or hidden.places):
        return 0
    manifest = switching.manifest(home, release)
    gone: set[str] = set()
    for folder, stated in manifest.items():
        if not set(LISTS).isdisjoint(stated.get("tables", {})):
            gone |= _redact_file(switching.file(home, folder, release), stated, hidden)
    if gone:
        switching.write_manifest(home, release, manifest, switching.rectified(home, release))
    return len(gone)


def _redact_file(path: Path, stated: dict[str, Any], hidden: Hidden) -> set[str]:
    """Rewrite one file without those children, if it has any; state what it is now."""
    with duckdb.connect(str(path), read_only=True) as db:
        gone = {child for table in LISTS if table in stated["tables"] for child in _listed(db, table, hidden)}
    if not gone:
        return set()
    with files.replacing(path) as aside, duckdb.connect() as db:
        db.execute(f"attach {quoted(str(path), chr(39))} as old (read_only)")
        db.execute(f"attach {quoted(str(aside), chr(39))} as fresh (storage_version '{STORAGE_VERSION}')")
        for table in column(db, "select table_name from duckdb_tables() where database_name = 'old' order by 1"):
            _copy(db, table, gone)
            if table in OF_LISTED:
                rows, digest = serving.content(db, f"fresh.{table}")
                stated["tables"][table] = {"rows": rows, "hash": digest}
        db.execute("checkpoint fresh; detach fresh")
    stated["sha256"] = files.sha256(path)
    return gone


def _copy(db: duckdb.DuckDBPyConnection, table: str, gone: set[str]) -> None:
    """Copy a table; into a new file, so that no unused block holds the rows that are left out."""
    kept = "where not list_contains(?::varchar[], child_key)" if table in OF_LISTED else "where ? is not null"
    db.execute(f"create table fresh.{table} as select * from old.{table} {kept}", [sorted(gone)])


def _listed(db: duckdb.DuckDBPyConnection, table: str, hidden: Hidden) -> set[str]:
    return set(column(db, LISTED.format(table=table), [sorted(hidden.children), sorted(map(" ".join, hidden.places))]))
