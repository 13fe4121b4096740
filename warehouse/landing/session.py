"""The open databases of one landing run, and the background writer of deliveries."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import duckdb

from warehouse import contracts, database, keys
from warehouse.identity import vault
from warehouse.landing import intake
from warehouse.landing.horizon import Horizon
from warehouse.progress import Progress
from warehouse.settings import Home


class Writing(NamedTuple):
    """A delivery that is being written in the background."""

    sha256: str
    future: Future[None]


@dataclass(kw_only=True)
class Session:
    """Open databases, contracts and options of one landing run.

    While one delivery is written, the next is read. Two connections to one throw-away database take turns, because a
    delivery streams out of temporary tables while it is written.
    """

    home: Home
    keys: keys.Keys
    contracts: dict[str, contracts.Contract]
    warehouse: duckdb.DuckDBPyConnection
    progress: Progress
    horizon: Horizon
    backfill: bool = False
    closed: date | None = None  # the last closed as-of date
    synthetic_hashes: set[str] | None = None  # of the simulator's files; None in a real home
    readers: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    writing: Writing | None = None
    left: set[str] = field(default_factory=set)  # files that stay in the inbox
    unread: list[OSError] = field(default_factory=list)  # why the machine did not give some of them

    def leave(self, file: str, why: str) -> None:
        """Note and say that a file stays in the inbox."""
        self.left.add(file)
        self.progress.say(f"{intake.shown(file)} {why}")

    def scratch(self) -> duckdb.DuckDBPyConnection:
        """Return the current connection to the throw-away database with the vault attached."""
        if not self.readers:
            db = database.scratch(self.home)
            database.attach_vault(db, self.home, self.keys)
            vault.prepare(db, list(self.contracts.values()))
            self.readers = [db, db.cursor()]
        return self.readers[0]

    def write(self, sha256: str, task: Callable[[], None]) -> None:
        """Start writing a delivery after the previous one is written."""
        self.wait()
        self.writing = Writing(sha256, self.writer.submit(task))
        self.readers.reverse()

    def wait(self) -> None:
        """Wait for the current writing, and raise its error if it failed."""
        if self.writing:
            future = self.writing.future
            self.writing = None
            future.result()

    def throw_away(self) -> None:
        """Close the throw-away database; nothing of it is used after a refusal."""
        self.wait()
        for db in self.readers:
            db.close()
        self.readers = []
