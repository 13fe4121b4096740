"""The journal of visits: each is sealed in a file of its own before anybody is answered; then it is delivered.

A file is written whole or not at all and never changed, so that two people who write at once cannot meet. It says what
the delivery says, and what no delivery may: who recorded it, with whom they went, and the note. Landing delivers again
what a killed process did not, moves notes into the vault (`visit_notes.py`), and lets files go that have been kept long
enough.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse import clock, keys
from warehouse.contracts import Contract
from warehouse.database import column
from warehouse.errors import DamagedFile, HomeError
from warehouse.keys import Keys
from warehouse.landing import archive, inbox
from warehouse.settings import Home

TABLE = "feedback_case_events"
STEM = "SEGUIMIENTO_CASOS"
KEPT = timedelta(days=35)  # by then the warehouse shows it, and nobody can correct it any more
TAKEN_BACK = "ANULADO"
REDACTED = "[borrado]"  # stands for the number of a child that was erased
Row = dict[str, Any]  # a line of the delivery, by the contract's columns


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """A visit or an assignment as somebody recorded it.

    Args:
        number: of 16 digits, drawn; the warehouse knows it by this.
        at: the moment, ISO 8601.
        who: the account that recorded it.
        child: the pseudonym.
        file: the name of its delivery without the ending.
        rows: the lines of its delivery.
        in_charge: whose case it is from now on.
        with_whom: with whom they went, in their words.
        note: in their words; it may name people.
        replaces: the number of the entry that it corrects or takes back.
    """

    number: str
    at: str
    who: str
    child: str
    file: str
    rows: list[Row]
    in_charge: str = ""
    with_whom: str = ""
    note: str = ""
    replaces: str = ""

    @property
    def recorded_at(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.at)

    @property
    def has_words(self) -> bool:
        """Whether it holds what may name people."""
        return bool(self.note or self.with_whom)

    @property
    def is_taken_back(self) -> bool:
        """Whether it only takes back another one."""
        return self.rows[0]["ESTADO"] == TAKEN_BACK


def draw_number() -> str:
    """Return a number that no other entry has."""
    return str(10**15 + secrets.randbelow(9 * 10**15))


def write(home: Home, entry: JournalEntry) -> None:
    """Seal an entry and have it on disk.

    Raises:
        HomeError: the home's secret is being replaced: nothing is kept.
    """
    secret = keys.load(home.secrets)
    home.visits.mkdir(mode=0o700, exist_ok=True)
    _seal(home, secret, entry)
    if home.rotating.exists() or keys.sealed_with(home.root) not in (None, secret.fingerprint):
        path_of(home, entry.number).unlink(missing_ok=True)  # a replacement began meanwhile and may have passed over it
        raise HomeError("the home's secret is being replaced: again in a moment")


def deliver(home: Home, contract: Contract, entry: JournalEntry) -> Path:
    """Put an entry into the inbox as a delivery; done again, it gives the same file."""
    rows = ([_plain(value) for value in row.values()] for row in entry.rows)
    return inbox.deliver(home, contract, entry.file, list(entry.rows[0]), rows)


def _plain(value: object) -> object:
    return "" if value is None else value


def path_of(home: Home, number: str) -> Path:
    """Return the file of an entry."""
    return home.visits / f"{number}.age"


def paths(home: Home) -> list[Path]:
    """Return the files of the journal, the oldest first; two of one moment by their numbers."""
    found = []
    for path in home.visits.glob("[0-9]*.age"):
        with suppress(FileNotFoundError):  # gone meanwhile
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def read(path: Path, secret: Keys) -> JournalEntry:
    """Return an entry.

    Raises:
        DamagedFile: it does not open, or is none.
    """
    try:
        return JournalEntry(**json.loads(archive.unsealed(path, secret)))
    except (ValueError, TypeError):
        raise DamagedFile(f"{path} is no visit of the journal: restore it from a backup") from None


def entries(home: Home, secret: Keys) -> Iterator[JournalEntry]:
    """Yield the entries that open, the oldest first; one that is damaged harms no other ('qhawaq verify' names it)."""
    for path in paths(home):
        with suppress(DamagedFile, FileNotFoundError):
            yield read(path, secret)


def deliver_missing(home: Home, secret: Keys, db: duckdb.DuckDBPyConnection, contract: Contract) -> int:
    """Deliver what was recorded and neither landed nor waits: a process was killed in between; return how many."""
    landed = set(column(db, "select file from raw.deliveries where file like ?", [f"{STEM}%"]))
    due = [one for one in entries(home, secret) if _is_due(home, inbox.named(contract, one.file), landed)]
    for entry in due:
        os.utime(deliver(home, contract, entry), (0, 0))  # nobody is still writing it
    return len(due)


def _is_due(home: Home, file: str, landed: set[str]) -> bool:
    return file not in landed and not (home.inbox / file).exists()


def prune(home: Home, secret: Keys, noted: set[str], landed: set[str]) -> int:
    """Remove entries of long ago that the vault has noted and that have landed; return how many."""
    until = clock.now() - KEPT
    gone = [
        entry.number
        for entry in entries(home, secret)
        if entry.recorded_at < until and entry.number in noted and entry.file in landed
    ]
    for number in gone:
        path_of(home, number).unlink(missing_ok=True)
    return len(gone)


def forget(home: Home, secret: Keys, children: set[str], contract: Contract, pattern: str = "") -> None:
    """Remove all entries of some children, with their deliveries that have not landed.

    Args:
        home: the home.
        secret: its keys.
        children: their pseudonyms.
        contract: of the deliveries.
        pattern: a regular expression of their numbers, which go from what was noted of others.
    """
    for entry in list(entries(home, secret)):
        if entry.child in children:
            (home.inbox / inbox.named(contract, entry.file)).unlink(missing_ok=True)
            path_of(home, entry.number).unlink(missing_ok=True)
        elif pattern and entry.has_words:
            _redact(home, secret, entry, pattern)


def _redact(home: Home, secret: Keys, entry: JournalEntry, pattern: str) -> None:
    left = replace(entry, note=redacted(entry.note, pattern), with_whom=redacted(entry.with_whom, pattern))
    if left != entry:
        _seal(home, secret, left)


def redacted(words: str, pattern: str) -> str:
    """Return words without the numbers of erased children, by a pattern with what stands before and after one."""
    return re.sub(pattern, rf"\g<1>{REDACTED}\g<3>", words)


def _seal(home: Home, secret: Keys, entry: JournalEntry) -> None:
    archive.seal(path_of(home, entry.number), json.dumps(asdict(entry), ensure_ascii=False).encode(), secret)
