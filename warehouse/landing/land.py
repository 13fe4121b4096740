"""Landing of deliveries, step by step: scan → header → strict read → types → vault → one transaction → archive."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import clock, contracts, database, files, keys, machine, synthetic
from warehouse.deliveries import TAKEN_IN, DeliveryRefused, Fault, Status, text
from warehouse.errors import HomeError
from warehouse.identity import people, vault
from warehouse.identity.linkage import link as linkage
from warehouse.landing import (
    archive,
    bytescan,
    codes,
    dating,
    fault_sheets,
    horizon,
    intake,
    ledger,
    packed,
    quarantine,
    returns,
    snapshot,
    staging,
    visit_notes,
    visiting,
)
from warehouse.landing.intake import Delivery
from warehouse.landing.ledger import Earlier, Outcome
from warehouse.landing.quarantine import NoUsableRow
from warehouse.landing.session import Session
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

APPEND_MEMORY = "1GB"  # the warehouse only appends here; the throw-away database sorts and joins
SHOWN_EVERY = 25  # files
GONE = "is not in the inbox any more: somebody took it away"
CHANGED = f"stays in the inbox: {text(Fault.CHANGED_WHILE_READ)}, or leave it for the next landing"


def land(home: Home, progress: Progress, backfill: bool = False) -> list[Outcome]:
    """Land every file in the inbox, oldest delivery first, and return an outcome per file.

    Raises:
        HomeError: the inbox is empty and there is no home yet (none is created), or some file could not be read; the
            others have landed.
    """
    for name, why in intake.passed_over(home.inbox).items():
        progress.say(f"{name} {why}")
    waiting = intake.waiting(home.inbox)
    if not waiting:
        home.existing()
    home.claim(home.kind or "real")
    intake.let_settle(waiting)
    files.remove_unfinished(home.root)
    sources = contracts.read(DBT_PROJECT)
    with database.warehouse(home, memory=APPEND_MEMORY) as db:
        ledger.prepare(db, list(sources.values()))
        secret = keys.load(home.secrets)
        returns.deliver_again(home, secret, db)
        visiting.prepare(home, secret, db, sources)
        waiting = intake.waiting(home.inbox)
        sources = codes.with_codes(db, sources)
        session = Session(
            home=home,
            keys=secret,
            contracts=sources,
            warehouse=db,
            progress=progress,
            backfill=backfill,
            closed=dating.last_closed(db),
            synthetic_hashes=synthetic.noted(home) if home.kind == "synthetic" else None,
            horizon=horizon.of(home, db, sources.values(), waiting),
        )
        try:
            outcomes = _run(session, waiting)
        finally:
            session.writer.shutdown()
            session.throw_away()
        snapshot.write(home, secret)
    if session.unread:
        said = machine.sentence(session.unread[0], home.root)
        raise HomeError(f"{len(session.unread)} files stay in the inbox, the others have landed; {said}")
    return outcomes


def totals(outcomes: list[Outcome]) -> Counter[str]:
    """Count files by status."""
    return Counter(outcome.status for outcome in outcomes)


def _run(session: Session, waiting: list[Path]) -> list[Outcome]:
    """Land the waiting files, link records and write fault sheets."""
    outcomes = _land_all(session, waiting)
    session.wait()
    outcomes = [outcome for outcome in outcomes if outcome.file not in session.left]
    if returned := returns.take_back(session):
        session.progress.say("rows came back from quarantine: their codes are on a list now", rows=returned)
    _link(session)
    visit_notes.take_in(session)
    if outcomes or returned:
        sheets = fault_sheets.write(session.home, session.warehouse, session.contracts.values())
        session.progress.say("fault sheets for senders", due=len(sheets), folder=session.home.fault_sheets)
    return outcomes


def _land_all(session: Session, waiting: list[Path]) -> list[Outcome]:
    outcomes = []
    ordered = sorted(waiting, key=lambda path: _order(path, session.contracts))
    for number, path in enumerate(ordered, start=1):
        outcome = None
        with _others_go_on(session, path, path.name):
            outcome = _land_one(session, path)
        if outcome is None:
            session.throw_away()
            continue
        outcomes.append(outcome)
        if outcome.status == Status.REFUSED or number % SHOWN_EVERY == 0 or number == len(ordered):
            session.wait()
            facts = outcome.facts if outcome.file not in session.left else {}
            session.progress.say(f"landed {number}/{len(ordered)}", **facts)
    return outcomes


@contextmanager
def _others_go_on(session: Session, path: Path, file: str) -> Iterator[None]:
    """Leave a delivery where it is that changes, vanishes or cannot be read meanwhile; what else fails ends the run."""
    try:
        yield
    except intake.Left as left:
        session.leave(file, str(left))
    except archive.Changed:
        session.leave(file, CHANGED)
    except (OSError, duckdb.IOException) as error:
        if not os.path.lexists(path):
            session.leave(file, GONE)
        elif isinstance(error, OSError) and error.filename == str(path):
            session.leave(file, "stays in the inbox: it could not be read")
            session.unread.append(error)
        else:
            raise


def _link(session: Session) -> None:
    """Link records without a document number, if files landed since the last linkage."""
    landed = ledger.not_linked(session.warehouse)
    if landed is None:
        return
    decisions = linkage.link(session.scratch(), session.warehouse, list(session.contracts.values()))
    ledger.note_linked(session.warehouse, landed)
    if decisions:
        session.progress.say("records without a document linked", links=decisions["link"], reviews=decisions["review"])


class _Order(NamedTuple):
    """The order of landing: the stated delivery date, then the contracts' order in the project."""

    delivered_at: str
    position: int
    file: str


def _order(path: Path, sources: dict[str, contracts.Contract]) -> _Order:
    for position, contract in enumerate(sources.values()):
        if stated := contract.stated(path.name):
            return _Order(stated.delivered_at.isoformat(), position, path.name)
    return _Order("", 0, path.name)


def _land_one(session: Session, path: Path) -> Outcome:
    """Land one file; the ledger records every outcome."""
    name = intake.shown(path.name)
    sha256 = ""
    delivery = None
    if not intake.is_settled(path):
        raise intake.Left("is still being written: left for the next landing")
    try:
        delivery = intake.recognize(path, session.contracts)
        session.horizon.judge(delivery)
        scan = packed.scanned(delivery)
        sha256 = scan.sha256
        return _land_scanned(session, delivery, scan)
    except DeliveryRefused as refusal:
        session.throw_away()
        if not os.path.lexists(path):
            raise intake.Left(GONE) from None
        sha256 = sha256 or bytescan.sha256_of(path)
        source = delivery.contract.name if delivery else None
        outcome = _refused(name, source, refusal)
        return _set_aside(session, path, outcome, sha256, delivery)


def _refused(file: str, source: str | None, refusal: DeliveryRefused) -> Outcome:
    """Return the outcome of a refused file; where every line has a fault, all are quarantined."""
    lines, accepted = (refusal.lines, 0) if isinstance(refusal, NoUsableRow) else (None, None)
    return Outcome(file, source, Status.REFUSED, lines, accepted, lines, reason=str(refusal), refusal=refusal)


def _land_scanned(session: Session, delivery: Delivery, scan: bytescan.Scan) -> Outcome:
    """Land a scanned delivery, unless its content is already in the ledger.

    Raises:
        DeliveryRefused: the file breaks its contract as a whole, or its content is strange to a synthetic home.
    """
    if session.synthetic_hashes is not None and scan.sha256 not in session.synthetic_hashes:
        raise DeliveryRefused(Fault.NOT_SYNTHETIC)
    if session.writing and session.writing.sha256 == scan.sha256:
        session.wait()
    if earlier := ledger.earlier(session.warehouse.cursor(), delivery.file, scan.sha256):
        session.wait()
        return _land_known(session, delivery, scan.sha256, earlier)
    number = ledger.free_number(session.warehouse.cursor(), delivery)
    return _accept(session, replace(delivery, number=number), scan)


def _accept(session: Session, delivery: Delivery, scan: bytescan.Scan) -> Outcome:
    """Read and type a delivery, and start to write it."""
    db = session.scratch()
    counts = staging.stage(db, delivery, scan)
    if delivery.path.stat().st_size != scan.size:
        raise archive.Changed
    note = _note(delivery, staging.corrections(scan, counts.left_out))
    outcome = staging.outcome(delivery, Status.LANDED, counts, note)
    session.write(scan.sha256, lambda: _write(session, db, delivery, outcome, scan.sha256))
    return outcome


def _note(delivery: Delivery, corrections: str | None) -> str | None:
    """Return the corrections of a delivery, and that its name is one that another delivery had."""
    if delivery.number == 1:
        return corrections
    return "; ".join(
        filter(None, (f"delivered as {delivery.path.name}, a name that another delivery had", corrections))
    )


def _write(session: Session, db: duckdb.DuckDBPyConnection, delivery: Delivery, outcome: Outcome, sha256: str) -> None:
    """Write a delivery that was read into the archive, then the vault and the warehouse; then it leaves the inbox.

    The archive comes first: only then is it known that the bytes that were read are the bytes that are kept.
    """
    with _others_go_on(session, delivery.path, delivery.file):
        archive.put(session.home, session.keys, delivery.path, Status.LANDED, delivery.file, sha256)
    if delivery.file in session.left:
        return
    contract = delivery.contract
    effective = dating.effective_date(delivery.delivered_at, session.closed)
    if contract.aliases:
        people.resolve(db, contract, session.keys, effective.isoformat())
    vault.store_identities(db, contract, delivery.file, effective.isoformat())
    known_at = dating.known_at_sql(contract, delivery.delivered_at, session.closed, session.backfill)
    staged = ledger.staged(db, vault.landed_source(contract, session.keys), known_at)
    landed = ledger.Landed(delivery, outcome, sha256, effective, clock.stamp(), session.backfill)
    ledger.commit(session.warehouse, staged, landed)
    archive.take_away(delivery.path)


def _land_known(session: Session, delivery: Delivery, sha256: str, earlier: Earlier) -> Outcome:
    """Finish the interrupted archiving of content that the ledger knows, or record a duplicate.

    Where the archive's copy is damaged, this delivery takes its place.
    """
    source = delivery.contract.name
    kept = archive.archived(session.home, earlier.status, earlier.file, sha256)
    was_there = kept.exists()
    if was_there and not archive.holds(kept, session.keys, sha256):
        session.progress.say(f"{kept.name} was damaged in the archive: this delivery takes its place")
        archive.put(session.home, session.keys, delivery.path, earlier.status, earlier.file, sha256)
    if delivery.file in (earlier.file, None if was_there else intake.sent_as(earlier.file)):
        if not was_there:
            archive.put(session.home, session.keys, delivery.path, earlier.status, earlier.file, sha256)
        archive.take_away(delivery.path)
        status = Status.DUPLICATE if was_there and earlier.status in TAKEN_IN else earlier.status
        return Outcome(delivery.file, source, status, reason="this file had landed before")
    outcome = Outcome(delivery.file, source, Status.DUPLICATE, reason=f"same content as {earlier.file}")
    return _set_aside(session, delivery.path, outcome, sha256, delivery)


def _set_aside(session: Session, path: Path, outcome: Outcome, sha256: str, delivery: Delivery | None) -> Outcome:
    """Write a refused or duplicate file into archive and ledger; then it leaves the inbox."""
    is_file = path.is_file() and not path.is_symlink()
    if is_file:
        safe = outcome.file if intake.LEDGER_NAME.fullmatch(outcome.file) else archive.UNNAMED
        archive.put(session.home, session.keys, path, outcome.status, safe, sha256)
    if not ledger.is_noted(session.warehouse, outcome.file, sha256):
        with database.transaction(session.warehouse):
            ledger.record(session.warehouse, outcome, sha256=sha256, delivery=delivery, landed_at=clock.stamp())
            if isinstance(outcome.refusal, NoUsableRow):
                quarantine.write(session.warehouse, outcome.file, str(outcome.source), outcome.refusal.faults)
    archive.take_away(path)
    return outcome
