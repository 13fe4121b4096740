"""Landing a delivery, step by step: scan → header → strict read → types → vault → one transaction → archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from warehouse import contracts, database, keys, synthetic
from warehouse.deliveries import Fault, Refused, Status, text
from warehouse.identity import vault
from warehouse.identity.linkage import link as linkage
from warehouse.landing import archive, bytescan, cast, fault_sheets, intake, ledger, reader
from warehouse.landing.intake import Delivery
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

APPEND_MEMORY = "1GB"  # the warehouse only appends here: what sorts and joins is the throw-away database


@dataclass
class Landing:
    """Open databases and contracts while deliveries are landed.

    While one delivery is written, the next is read: two connections to one throw-away database take turns, for what
    is written streams out of temporary tables.
    """

    home: Home
    keys: keys.Keys
    contracts: dict[str, contracts.Contract]
    warehouse: duckdb.DuckDBPyConnection
    progress: Progress
    backfill: bool = False
    closed: date | None = None  # the last as-of date that is closed
    readers: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    unwritten: tuple[str, Future[None]] | None = None  # hash of the delivery that is being written

    def scratch(self) -> duckdb.DuckDBPyConnection:
        """Return the connection whose turn it is to the throw-away database with the vault attached."""
        if not self.readers:
            db = database.scratch(self.home)
            database.attach_vault(db, self.home, self.keys)
            vault.prepare(db, list(self.contracts.values()))
            self.readers = [db, db.cursor()]
        return self.readers[0]

    def write(self, sha256: str, work: Callable[[], None]) -> None:
        """Begin to write a delivery once the one before is written."""
        self.wait()
        self.unwritten = sha256, self.writer.submit(work)
        self.readers.reverse()

    def wait(self) -> None:
        """Wait until what was begun is written; what went wrong there is raised here."""
        if self.unwritten:
            begun, self.unwritten = self.unwritten[1], None
            begun.result()

    def throw_away(self) -> None:
        """Close the throw-away database: after a refusal nothing of it is used again."""
        self.wait()
        for db in self.readers:
            db.close()
        self.readers = []


def stage(db: duckdb.DuckDBPyConnection, delivery: Delivery, scan: bytescan.Scan) -> tuple[int, int]:
    """Read a scanned delivery into `temp.typed` and `temp.faults`; return (accepted, quarantined) rows.

    Raises:
        Refused: the file breaks its contract as a whole.
    """
    contract = delivery.contract
    encoding = reader.encoding_of(contract.encoding, scan)
    columns = intake.header_columns(contract, scan)
    rejected: list[reader.Rejected] = []
    if not _typed_at_once(db, delivery, scan, columns, encoding):
        rejected = reader.read(db, delivery.path, columns, contract.separator, encoding, scan)
        cast.type_rows(db, contract, columns, scan.has_nul, "lines")
    cut = scan.lines if contract.line_end_required and not scan.ends_with_newline else None
    cast.quarantine(db, contract, rejected, cut)
    accepted, quarantined = db.execute(
        "select (select count(*) from typed), (select count(distinct line) from faults)"
    ).fetchone() or (0, 0)
    if not accepted:
        raise Refused(Fault.NO_USABLE_ROW if quarantined else Fault.HEADER_ONLY)
    return accepted, quarantined


def _typed_at_once(
    db: duckdb.DuckDBPyConnection, delivery: Delivery, scan: bytescan.Scan, columns: list[str], encoding: str
) -> bool:
    """Type the rows of a plain file as they are read; say whether each of its lines became a row."""
    if not scan.is_plain:
        return False
    rows = reader.plain_rows(delivery.path, columns, delivery.contract.separator, encoding)
    try:
        cast.type_rows(db, delivery.contract, columns, scan.has_nul, rows)
    except duckdb.Error:  # its text holds the child's line: never shown
        return False
    return database.value(db, "select count(*) from typed") == scan.lines - 1


def land(home: Home, progress: Progress, backfill: bool = False) -> list[Outcome]:
    """Land everything that waits in the inbox, oldest delivery first, and return what became of each file.

    Raises:
        HomeError: nothing waits, and there is no home yet: none is made.
    """
    waiting = intake.waiting(home.inbox)
    if not waiting:
        home.existing()
    home.claim(home.kind or "real")
    intake.let_settle(waiting)
    found = contracts.read(DBT_PROJECT)
    with database.warehouse(home, memory=APPEND_MEMORY) as db:
        ledger.prepare(db, list(found.values()))
        landing = Landing(home, keys.load(home.secrets), found, db, progress, backfill, ledger.last_closed(db))
        try:
            outcomes = _land_all(landing, waiting)
            landing.wait()
            _link(landing)
            if outcomes:
                sheets = fault_sheets.write(home, db, found.values())
                progress.say("fault sheets for senders", due=len(sheets), folder=home.fault_sheets)
            return outcomes
        finally:
            landing.writer.shutdown()
            landing.throw_away()


def _land_all(landing: Landing, waiting: list[Path]) -> list[Outcome]:
    outcomes = []
    ordered = sorted(waiting, key=lambda path: _order(path, landing.contracts))
    listed = _synthetic_files(landing.home)
    for number, path in enumerate(ordered, start=1):
        if not intake.is_settled(path):
            landing.progress.say(f"{intake.shown(path.name)} is still being written: left for the next landing")
            continue
        outcome = _land_one(landing, path, listed)
        outcomes.append(outcome)
        if outcome.status == Status.REFUSED or number % 25 == 0 or number == len(ordered):
            landing.wait()
            landing.progress.say(f"landed {number}/{len(ordered)}", **_said(outcome))
    return outcomes


def _said(outcome: Outcome) -> dict[str, str]:
    said = {"file": outcome.file, "status": outcome.status, "reason": outcome.reason}
    return {name: text for name, text in said.items() if text}


def _link(landing: Landing) -> None:
    """Link records without a document number, if something landed since it was last done."""
    landed = ledger.not_linked(landing.warehouse)
    if landed is None:
        return
    found = linkage.link(landing.scratch(), landing.warehouse, list(landing.contracts.values()))
    ledger.note_linked(landing.warehouse, landed)
    if found:
        landing.progress.say("records without a document linked", links=found["link"], reviews=found["review"])


def _order(path: Path, found: dict[str, contracts.Contract]) -> tuple[str, int, str]:
    """Sort by stated delivery date, then by the contracts' order in the project."""
    for position, contract in enumerate(found.values()):
        if stated := contract.delivered_at(path.name):
            return stated[1].isoformat(), position, path.name
    return "", 0, path.name


def _synthetic_files(home: Home) -> set[str] | None:
    """Return the hashes that the simulator wrote, None in a real home."""
    if home.kind != "synthetic":
        return None
    return synthetic.noted(home)


def _land_one(landing: Landing, path: Path, synthetic: set[str] | None) -> Outcome:
    """Land one file; whatever happens to it, the ledger says so."""
    name, sha256, delivery = intake.shown(path.name), "", None
    try:
        delivery = intake.recognize(path, landing.contracts)
        scan = bytescan.scan(path)
        sha256 = scan.sha256
        _refuse_strange(sha256, synthetic)
        if landing.unwritten and landing.unwritten[0] == sha256:
            landing.wait()
        if before := ledger.earlier(landing.warehouse.cursor(), name, sha256):
            landing.wait()
            return _again(landing, path, delivery, sha256, before)
        return _accept(landing, delivery, scan)
    except Refused as refusal:
        landing.throw_away()
        sha256 = sha256 or bytescan.sha256_of(path)
        source = delivery.contract.name if delivery else None
        outcome = Outcome(name, source, Status.REFUSED, reason=str(refusal), refusal=refusal)
        return _set_aside(landing, path, outcome, sha256, delivery)


def _accept(landing: Landing, delivery: Delivery, scan: bytescan.Scan) -> Outcome:
    """Read and type a delivery, and begin to write it."""
    db = landing.scratch()
    accepted, quarantined = stage(db, delivery, scan)
    if path_changed(delivery.path, scan):
        raise Refused(Fault.CHANGED_WHILE_READ)
    outcome = _read_whole(delivery, Status.LANDED, accepted, quarantined, _note(scan))
    landing.write(scan.sha256, lambda: _write(landing, db, delivery, outcome, scan.sha256))
    return outcome


def _read_whole(
    delivery: Delivery, status: Status, accepted: int, quarantined: int, note: str | None = None
) -> Outcome:
    """Return what becomes of a delivery whose every row was read."""
    return Outcome(
        file=delivery.file,
        source=delivery.contract.name,
        status=status,
        delivered_rows=accepted + quarantined,
        accepted_rows=accepted,
        quarantined_rows=quarantined,
        reason=note,
    )


def _write(landing: Landing, db: duckdb.DuckDBPyConnection, delivery: Delivery, outcome: Outcome, sha256: str) -> None:
    """Write a delivery that was read: into the vault, then into the warehouse, at last into the archive."""
    contract = delivery.contract
    effective = ledger.effective_date(delivery.delivered_at, landing.closed)
    if contract.aliases:
        vault.resolve(db, contract, landing.keys, effective.isoformat())
    vault.store_identities(db, contract, delivery.file, effective.isoformat())
    known_at = ledger.known_at_sql(contract, delivery.delivered_at, landing.closed, landing.backfill)
    staged = ledger.staged(db, _landed_source(contract, landing.keys), known_at)
    landed = ledger.Landed(delivery, outcome, sha256, effective, _now(), landing.backfill)
    ledger.commit(landing.warehouse, staged, landed)
    archive.keep(landing.home, landing.keys, delivery.path, Status.LANDED, delivery.file, sha256)


def _landed_source(contract: contracts.Contract, secret: keys.Keys) -> str:
    """Return SQL for the typed rows with their keys: the child's, and pseudonyms such as the household's."""
    source = vault.with_keys(contract)
    pseudonyms = [
        vault.key_sql(secret, f"'{c.pseudonym}:' || {database.quoted(c.name)}") + f" as {c.landed_name}"
        for c in contract.columns
        if c.pseudonym
    ]
    return f"(select *, {', '.join(pseudonyms)} from {source})" if pseudonyms else source


def path_changed(path: Path, scan: bytescan.Scan) -> bool:
    """Say whether the file's size is no longer what was scanned."""
    return path.stat().st_size != scan.size


def _refuse_strange(sha256: str, synthetic: set[str] | None) -> None:
    if synthetic is not None and sha256 not in synthetic:
        raise Refused(Fault.NOT_SYNTHETIC)


def _note(scan: bytescan.Scan) -> str | None:
    """Say what was put right in reading, so that nothing is fixed in silence."""
    notes = {
        "some lines are UTF-8 and some latin-1: each was read as what it is": scan.some_utf8_lines and not scan.is_utf8,
        "line ends are mixed": scan.mixes_line_ends,
        "byte order mark skipped": scan.bom,
    }
    return "; ".join(note for note, holds in notes.items() if holds) or None


def _again(landing: Landing, path: Path, delivery: Delivery, sha256: str, before: tuple[str, str]) -> Outcome:
    """Handle content that the ledger knows: finish an interrupted archiving, or note a duplicate."""
    name, contract = delivery.file, delivery.contract.name
    if before[0] == name:
        archive.keep(landing.home, landing.keys, path, Status(before[1]), name, sha256)
        return Outcome(name, contract, Status(before[1]), reason="this file had landed before")
    outcome = Outcome(name, contract, Status.DUPLICATE, reason=f"same content as {before[0]}")
    return _set_aside(landing, path, outcome, sha256, delivery)


def _set_aside(landing: Landing, path: Path, outcome: Outcome, sha256: str, delivery: Delivery | None) -> Outcome:
    """Write a refused or duplicate file into ledger and archive."""
    if not ledger.earlier(landing.warehouse, outcome.file, sha256) or outcome.status == Status.DUPLICATE:
        ledger.record(landing.warehouse, outcome, sha256, delivery, _now())
    if path.is_symlink() or not path.is_file():
        path.unlink(missing_ok=True)
    else:
        safe = outcome.file if intake.PLAIN_NAME.fullmatch(outcome.file) else "unnamed"
        archive.keep(landing.home, landing.keys, path, outcome.status, safe, sha256)
    return outcome


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def check(path: Path, progress: Progress, read_contracts: Callable[[Path], dict] = contracts.read) -> Outcome:
    """Validate one file as landing would, and change nothing: what the sender runs before sending.

    Raises:
        Refused: the file would be refused; the message says why.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        delivery = intake.recognize(path, read_contracts(DBT_PROJECT))
        db = database.scratch(Home(Path(folder)))
        accepted, quarantined = stage(db, delivery, bytescan.scan(path))
        faults = db.execute("select line, column_name, fault from faults order by line limit 20").fetchall()
        for line, column, fault in faults:
            progress.say(f"line {line}" + (f", column {column}" if column else "") + f": {text(Fault(fault))}")
        db.close()
    return _read_whole(delivery, Status.WOULD_LAND, accepted, quarantined)


def totals(outcomes: list[Outcome]) -> Counter[str]:
    """Count files by status."""
    return Counter(outcome.status for outcome in outcomes)
