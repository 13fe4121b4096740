"""Rows that come back from quarantine once their code is on a list: read again from the encrypted archive.

A row that came back is known from the day of the decision on; before, it was not. Its file keeps its name and line,
and the ledger's counts go with it, so that delivered stays accepted and quarantined.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow

from warehouse import clock, files
from warehouse.database import transaction, value
from warehouse.deliveries import HAS_ROWS, Fault, Status
from warehouse.errors import HomeError
from warehouse.identity import people, vault
from warehouse.keys import Keys
from warehouse.landing import archive, dating, ledger, packed, quarantine, staging
from warehouse.landing.codes import CodeVerdict
from warehouse.landing.intake import Delivery
from warehouse.landing.quarantine import NoUsableRow
from warehouse.landing.session import Session
from warehouse.settings import Home

WAITING = f"""
select distinct on (d.file, d.sha256) d.file, d.sha256, d.source, d.period, d.delivered_at, d.status, d.is_backfill,
  max(c.known_at) over (partition by d.file, d.sha256) as known_at
from quarantine.rows as q
join raw.deliveries as d on d.file = q.file and d.source = q.source
join raw.codes as c on c.source = q.source and c.column_name = q.column_name and (c.code = q.code or q.code is null)
where q.fault = '{Fault.UNKNOWN_CODE}' and c.applied_at is null and c.decision <> '{CodeVerdict.REJECT}'
  and d.deleted_on is null and ({HAS_ROWS.replace("status", "d.status")} or d.fault = '{Fault.NO_USABLE_ROW}')
order by d.file, d.sha256
"""
LINES = f"select line from quarantine.rows where file = ? and fault = '{Fault.UNKNOWN_CODE}'"


class Returning(NamedTuple):
    """A delivery of which lines may come back."""

    file: str
    sha256: str
    source: str
    period: str
    delivered_at: date
    status: Status
    is_backfill: bool
    known_at: date  # from when on the decision is known


def deliver_again(home: Home, secret: Keys, db: duckdb.DuckDBPyConnection) -> None:
    """Put files of which no row could be used back into the inbox: they land like any other, by the lists of today."""
    for returning in _waiting(db):
        if returning.status != Status.REFUSED:
            continue
        sealed = archive.archived(home, Status.REFUSED, returning.file, returning.sha256)
        if not sealed.exists():
            continue
        path = home.inbox / returning.file
        files.write_whole(path, archive.unsealed(sealed, secret), 0o600)
        os.utime(path, (0, 0))  # nobody is still writing it
        with transaction(db):
            db.execute("delete from quarantine.rows where file = ?", [returning.file])
            db.execute("delete from raw.deliveries where file = ? and sha256 = ?", [returning.file, returning.sha256])


def _waiting(db: duckdb.DuckDBPyConnection) -> list[Returning]:
    return [Returning(*row) for row in db.execute(WAITING).fetchall()]


def take_back(session: Session) -> int:
    """Land the quarantined lines whose codes are on a list by now; return how many rows came back."""
    db = session.warehouse
    now = clock.stamp()
    rows = sum(_take_back(session, returning) for returning in _waiting(db) if returning.status != Status.REFUSED)
    db.execute("update raw.codes set applied_at = ? where applied_at is null", [now])
    return rows


def _take_back(session: Session, returning: Returning) -> int:
    contract = next(one for one in session.contracts.values() if one.name == returning.source)
    lines = session.warehouse.execute(LINES, [returning.file]).to_arrow_table()
    try:
        with _reopened(session, returning) as path:
            delivery = Delivery(path, contract, returning.period, returning.delivered_at, returning.file)
            scratch = session.scratch()
            _stage(scratch, delivery, lines)
            return _commit(session, scratch, delivery, returning)
    except HomeError as error:
        session.progress.say(f"rows of {returning.file} stay in quarantine: {error}")
        return 0


@contextmanager
def _reopened(session: Session, returning: Returning) -> Iterator[Path]:
    """Yield an archived delivery as a file in memory only."""
    content = archive.opened(session.home, session.keys, returning.file, returning.sha256, Status(returning.status))
    descriptor = os.memfd_create("delivery")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as plain:
            plain.write(content)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _stage(scratch: duckdb.DuckDBPyConnection, delivery: Delivery, lines: pyarrow.Table) -> None:
    """Read a delivery again and keep what is typed, and faulty, of some lines."""
    try:
        staging.stage(scratch, delivery, packed.scanned(delivery))
    except NoUsableRow:
        scratch.execute("delete from typed")
    scratch.register("returning_lines", lines)
    scratch.execute("delete from typed where _line not in (select line from returning_lines)")
    scratch.execute("delete from faults where line not in (select line from returning_lines)")
    scratch.unregister("returning_lines")


def _commit(session: Session, scratch: duckdb.DuckDBPyConnection, delivery: Delivery, returning: Returning) -> int:
    """Write the rows that came back and what is still wrong with the others, in one transaction."""
    contract = delivery.contract
    known_from = str(returning.known_at)
    rows = value(scratch, "select count(*) from typed")
    if rows and contract.aliases:
        people.resolve(scratch, contract, session.keys, known_from)
    if rows:
        vault.store_identities(scratch, contract, delivery.file, known_from)
    stated = dating.known_at_sql(contract, delivery.delivered_at, session.closed, returning.is_backfill)
    known_at = f"greatest({stated}, date '{known_from}')"
    staged = ledger.staged(scratch, vault.landed_source(contract, session.keys) if rows else "typed", known_at)
    db = session.warehouse
    with transaction(db):
        if rows:
            ledger.append_rows(db, staged, delivery, returning.sha256)
        db.execute(f"delete from quarantine.rows where file = ? and fault = '{Fault.UNKNOWN_CODE}'", [delivery.file])
        quarantine.write(db, delivery.file, contract.name, staged.faults)
        if rows:
            _recount(db, returning, rows)
    return int(rows)


def _recount(db: duckdb.DuckDBPyConnection, returning: Returning, rows: int) -> None:
    """Let the ledger's counts follow, and the next build take in the file again.

    What each region had when the file came stays counted: what was withheld by it in the past stays reproducible.
    """
    db.execute(
        "update raw.deliveries set accepted_rows = accepted_rows + ?, quarantined_rows = quarantined_rows - ?, "
        "changed_no = ? where file = ? and sha256 = ?",
        [rows, rows, ledger.next_number(db), returning.file, returning.sha256],
    )
    if value(db, "select count(*) from duckdb_tables() where schema_name = 'raw' and table_name = 'built_files'"):
        db.execute("delete from raw.built_files where file = ?", [returning.file])
