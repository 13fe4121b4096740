"""The journal of visits as the service uses it: recorded here, and read again only where it has changed."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from warehouse import keys
from warehouse.contracts import Contract
from warehouse.errors import DamagedFile
from warehouse.landing import journal, snapshot
from warehouse.landing.journal import JournalEntry
from warehouse.settings import Home

SETTLED = 2_000_000_000  # nanoseconds after which a folder's time tells every change


class Staff(NamedTuple):
    """Who recorded a visit, and whose case it is from then on; empty where nobody was put in charge."""

    who: str
    in_charge: str


class VisitJournal:
    """The journal of a home; what was read once is kept without its words."""

    def __init__(self, home: Home, contract: Contract) -> None:
        self.home = home
        self.contract = contract
        self.lock = Lock()
        self.known: dict[tuple[str, int], JournalEntry] = {}
        self.mark: int | None = None
        self.staff_mark: int | None = None
        self.noted: dict[str, Staff] = {}
        self.worded: set[str] = set()  # numbers of those that hold words

    def record(self, entry: JournalEntry) -> None:
        """Keep an entry, then deliver it; what cannot be delivered now, the next landing delivers.

        Raises:
            HomeError: the home's secret is being replaced: nothing is kept.
            OSError: nothing is kept.
        """
        journal.write(self.home, entry)
        with suppress(OSError):
            journal.deliver(self.home, self.contract, entry)

    def entries(self) -> list[JournalEntry]:
        """Return all entries without their words, the oldest first.

        Raises:
            HomeError: the home's secret is being replaced.
        """
        mark = _changed_at(self.home.visits)
        if mark is None or mark != self.mark:
            found = self._found()
            with self.lock:
                self.known = found
                self.mark = mark if mark and time.time_ns() - mark > SETTLED else None
        return sorted(self.known.values(), key=lambda entry: (entry.at, entry.number))

    def _found(self) -> dict[tuple[str, int], JournalEntry]:
        found = {}
        for path in journal.paths(self.home):
            with suppress(FileNotFoundError, DamagedFile):
                mark = (path.name, path.stat().st_mtime_ns)
                found[mark] = self.known.get(mark) or self._read(path)
        return found

    def _read(self, path: Path) -> JournalEntry:
        entry = journal.read(path, keys.load(self.home.secrets))
        if entry.has_words:
            self.worded.add(entry.number)
        return replace(entry, note="", with_whom="")

    def whole(self, number: str) -> JournalEntry:
        """Return an entry with its words.

        Raises:
            DamagedFile: it does not open.
            FileNotFoundError: it is gone.
        """
        return journal.read(journal.path_of(self.home, number), keys.load(self.home.secrets))

    def staff(self) -> dict[str, Staff]:
        """Return by number who recorded each visit of a published child, as the vault had it at the last landing."""
        mark = _changed_at(snapshot.path_of(self.home))
        if mark != self.staff_mark:
            held = snapshot.read(self.home, keys.load(self.home.secrets)) or {"notes": {}}
            notes = [note for of_child in held["notes"].values() for note in of_child]
            self.noted = {note["number"]: Staff(note["who"], note["in_charge"]) for note in notes}
            self.staff_mark = mark
        return self.noted


def _changed_at(path: Path) -> int | None:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime_ns
    return None
