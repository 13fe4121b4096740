"""Taking a delivery out: its rows count until then, and what it had replaced stands again from then on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from warehouse import contracts, database
from warehouse.contracts import Contract
from warehouse.database import transaction, value
from warehouse.deliveries import HAS_ROWS, IS_TAKEN_IN, TAKEN_IN, Status
from warehouse.errors import UsageError
from warehouse.landing import dating, fault_sheets, ledger, standing
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


@dataclass(frozen=True)
class Withdrawal:
    """A delivery that is taken out, with who did it and why."""

    file: str
    who: str
    reason: str


@dataclass(frozen=True)
class Withdrawn:
    """What was taken out, and from when on."""

    file: str
    rows: int
    since: date


@dataclass(frozen=True)
class _Held:
    """What the ledger says of the delivery."""

    source: str
    period: str
    rows: int
    effective: date


def withdraw(home: Home, progress: Progress, withdrawal: Withdrawal) -> Withdrawn:
    """Take a delivery out from now on; the past as it was known stays.

    Raises:
        UsageError: no such delivery has rows that count.
    """
    home.existing()
    sources = {contract.name: contract for contract in contracts.read(DBT_PROJECT).values()}
    with database.warehouse(home) as db:
        ledger.prepare(db, list(sources.values()))
        held = _held(db, withdrawal.file)
        since = _since(db, withdrawal.file, held)
        with transaction(db):
            _take_out(db, sources[held.source], held, withdrawal, since)
        fault_sheets.write(home, db, sources.values())
    progress.say("withdrawn", file=withdrawal.file, since=str(since))
    return Withdrawn(withdrawal.file, held.rows, since)


def _held(db: duckdb.DuckDBPyConnection, file: str) -> _Held:
    found = db.execute(
        "select status, source, period, accepted_rows, effective_at, deleted_on from raw.deliveries where file = ? "
        f"order by {HAS_ROWS} desc, landed_at desc limit 1",
        [file],
    ).fetchone()
    if found is None:
        raise UsageError(f"no delivery is called {file}: 'qhawaq audit' and raw.deliveries name them")
    status, source, period, rows, effective, deleted_on = found
    if status not in TAKEN_IN or deleted_on:
        raise UsageError(f"{file} is {'deleted' if deleted_on else status}: it has no rows that count")
    return _Held(source, period, rows, effective)


def _since(db: duckdb.DuckDBPyConnection, file: str, held: _Held) -> date:
    """Return the first day without it: none that is closed, and none before the newest other delivery."""
    newest = value(db, f"select max(delivered_at) from raw.deliveries where {IS_TAKEN_IN} and file <> ?", [file])
    closed = dating.last_closed(db)
    days = [held.effective, newest, closed and closed + timedelta(days=1)]
    return max(day for day in days if day)


def _take_out(
    db: duckdb.DuckDBPyConnection, contract: Contract, held: _Held, withdrawal: Withdrawal, since: date
) -> None:
    number = ledger.next_number(db)
    db.execute(
        "update raw.deliveries set status = ?, withdrawn_on = ?, withdrawn_by = ?, withdrawn_reason = ?, "
        f"changed_no = ? where file = ? and {IS_TAKEN_IN}",
        [Status.WITHDRAWN, since, withdrawal.who, withdrawal.reason, number, withdrawal.file],
    )
    standing.settle(db, contract, held.period, number)
