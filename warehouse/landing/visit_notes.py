"""Who recorded a visit, with whom and what they noted: from the journal into the vault, and nowhere else."""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse.contracts import Contract
from warehouse.database import column, transaction
from warehouse.identity.people import SAME_PERSON
from warehouse.landing import inbox, journal
from warehouse.landing.journal import REDACTED, TABLE, JournalEntry
from warehouse.landing.session import Session

COLUMNS = ("number", "recorded_at", "who", "in_charge", "with_whom", "note")
Note = dict[str, Any]  # by these columns
OF_CHILD = f"""
select {", ".join(COLUMNS)} from vault.visit_notes where child_key in (
  select $child union select child_key from {SAME_PERSON} where merged_into = $child) order by recorded_at, number
"""


def take_in(session: Session) -> None:
    """Note in the vault what the journal has more, and let go what has been kept long enough."""
    entries = list(journal.entries(session.home, session.keys))
    if not entries:
        return
    contract = session.contracts[TABLE]
    vault = session.scratch()
    noted = set(column(vault, "select number from vault.visit_notes"))
    with transaction(vault):
        for entry in entries:
            if entry.number not in noted:
                _note(vault, contract, entry)
    landed = set(column(session.warehouse, "select file from raw.deliveries where source = ?", [contract.name]))
    stems = {file.rpartition(".")[0] for file in landed}
    journal.prune(session.home, session.keys, {entry.number for entry in entries}, stems)


def _note(vault: duckdb.DuckDBPyConnection, contract: Contract, entry: JournalEntry) -> None:
    vault.execute(
        "insert into vault.visit_notes values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            entry.number,
            int(entry.child),
            entry.recorded_at.replace(tzinfo=None),
            entry.who,
            entry.in_charge,
            entry.with_whom,
            entry.note,
            inbox.named(contract, entry.file),
        ],
    )


def is_kept(db: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the attached vault can hold notes; one of former code cannot yet."""
    sql = "select 1 from duckdb_tables() where database_name = 'vault' and table_name = 'visit_notes'"
    return db.execute(sql).fetchone() is not None


def redact(vault: duckdb.DuckDBPyConnection, listed: str, pattern: str) -> None:
    """Delete what was noted of erased children, and their numbers where somebody noted them of another child.

    Args:
        vault: the attached vault.
        listed: the children's keys, as SQL.
        pattern: a regular expression with what stands before, the number and what stands after.
    """
    vault.execute(f"delete from vault.visit_notes where child_key in ({listed})")
    for name in ("note", "with_whom"):
        vault.execute(
            f"update vault.visit_notes set {name} = regexp_replace({name}, $pattern, '\\1{REDACTED}\\3', 'g') "
            f"where regexp_matches({name}, $pattern)",
            {"pattern": pattern},
        )


def of_child(db: duckdb.DuckDBPyConnection, child: int) -> list[Note]:
    """Return what was noted of a child, the oldest first; a vault of former code has none."""
    if not is_kept(db):
        return []
    rows = db.execute(OF_CHILD, {"child": child}).fetchall()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]
