"""Objections of families: which stand, and that they stand for a child that comes back after it was erased."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from warehouse import database, keys
from warehouse.database import value
from warehouse.settings import Home

STANDS = """
select not max_by(is_withdrawn, request_number) from raw.objections where list_contains(?::bigint[], child_key)
"""


def stands(db: duckdb.DuckDBPyConnection, owned: Sequence[int]) -> bool:
    """Return whether the family of a child objects, by any of the child's keys."""
    return bool(value(db, STANDS, [list(owned)]))


def go_on(home: Home, db: duckdb.DuckDBPyConnection) -> int:
    """Have objections stand for the new keys of children who were erased meanwhile; return how many.

    A family that withdraws such an objection has said so for the new key: it is not noted again.
    """
    if not home.vault.exists():
        return 0
    with database.scratch(home) as vault:
        database.attach_vault(vault, home, keys.load(home.secrets), read_only=True)
        if not vault.execute("select 1 from duckdb_tables() where table_name = 'returned'").fetchone():
            return 0
        returned = vault.execute("select child_key, known_at from vault.returned").fetchall()
    known = set(database.column(db, "select distinct child_key from raw.objections"))
    due = [row for row in returned if row[0] not in known]
    for child, known_at in due:
        db.execute(
            "insert into raw.objections (request_number, child_key, is_withdrawn, known_at) "
            "select coalesce(max(request_number), 0) + 1, ?, false, ? from raw.objections",
            [child, known_at],
        )
    return len(due)
