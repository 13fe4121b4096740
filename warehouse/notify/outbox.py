"""The outbox: entries and messages per recipient until the messages are acknowledged.

A recipient is notified of an entry once, as long as it is current. Entries and their message are written in one
transaction: after an interruption the same message with the same id is sent again, and receivers ignore an id that
they know. No pseudonym is stored: an entry is a hash with this outbox's salt.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from filelock import FileLock, Timeout

from warehouse.errors import HomeError
from warehouse.settings import Home

OPTED_OUT = "out"  # instead of a message, for entries that came while the recipient wanted none
SCHEMA = """
create table if not exists settings (name text primary key, value text not null) strict;
create table if not exists messages (
  id text primary key, recipient text not null, made_at text not null, content text not null,
  attempts integer not null default 0, acknowledged_at text
) strict;
create table if not exists entries (
  recipient text not null, kind text not null, item text not null, release text not null,
  message text references messages, primary key (recipient, kind, item)
) strict, without rowid;
"""
# Past entries are deleted, so that they are new when they return.
DELETE_PAST = "delete from entries where (recipient, kind, item) not in (select recipient, kind, item from current)"


class EntryKind(StrEnum):
    """The kind of an entry, as stored."""

    LISTED = "listed"
    AT_ONCE = "at_once"
    MISSING = "missing"
    SHEET = "sheet"
    BULLETIN = "bulletin"


class Missing(NamedTuple):
    """A withheld period of a region."""

    source: str
    period: str
    region: str


@dataclass(frozen=True)
class Entry:
    """A current fact for a recipient; `item` identifies it within its kind and is stored only as a hash."""

    recipient: str
    kind: EntryKind
    item: str
    missing: Missing | None = None  # of a missing delivery
    bulletin: str = ""  # whose bulletin goes with the message: the code of its area
    text: str | None = None  # what the message holds whole: a fault sheet, a bulletin's sentences


@dataclass(frozen=True)
class Content:
    """The content of a message."""

    subject: str
    text: str
    counts: Mapping[str, int]  # entries by kind
    link: str  # empty where there is no page
    bulletin: str = ""  # the code of the area whose bulletin goes with it; empty: none does


@dataclass(frozen=True)
class Message:
    """A message as sent; `id` stays the same at each attempt."""

    id: str
    recipient: str
    made_at: str
    content: Content


class Outbox:
    """The open outbox of a home; no other process has it open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        db.execute("pragma synchronous = full")
        db.execute("pragma secure_delete = on")
        db.execute("pragma foreign_keys = off")  # OPTED_OUT is no message
        db.executescript(SCHEMA)
        db.execute("insert or ignore into settings (name, value) values ('salt', ?)", [secrets.token_hex(16)])
        self._salt = self._setting("salt")

    def _setting(self, name: str) -> str:
        row = self.db.execute("select value from settings where name = ?", [name]).fetchone()
        return row[0] if row else ""

    def take_up(self, entries: Iterable[Entry], release: str, opted_out: Collection[str] = ()) -> int:
        """Store the current entries; return the number of new ones.

        Args:
            entries: all current entries.
            release: their release; past entries are deleted only in a newer one, because a rollback removes entries
                that return with the next release.
            opted_out: recipients who want no messages.
        """
        with self._writing():
            self.db.execute("create temp table current (recipient, kind, item)")
            self.db.executemany(
                "insert into current (recipient, kind, item) values (?, ?, ?)", map(self._stored, entries)
            )
            if release > self._setting("release"):
                self.db.execute(DELETE_PAST)
                self.db.execute("insert or replace into settings (name, value) values ('release', ?)", [release])
            new = self.db.execute(
                "insert or ignore into entries (recipient, kind, item, release) "
                "select recipient, kind, item, ? from current",
                [release],
            ).rowcount
            self.db.execute("drop table current")
            self.db.executemany(
                "update entries set message = ? where message is null and recipient = ?",
                [(OPTED_OUT, name) for name in opted_out],
            )
        return new

    def waiting(self, entries: Iterable[Entry]) -> dict[str, list[Entry]]:
        """Return recipient → the entries without a message."""
        rows = set(self.db.execute("select recipient, kind, item from entries where message is null"))
        waiting: dict[str, list[Entry]] = {}
        for entry in entries:
            if self._stored(entry) in rows:
                waiting.setdefault(entry.recipient, []).append(entry)
        return waiting

    def compose(self, recipient: str, entries: Iterable[Entry], content: Content, now: datetime) -> str:
        """Write a message about entries; return its id."""
        number = secrets.token_hex(16)
        with self._writing():
            self.db.execute(
                "insert into messages (id, recipient, made_at, content) values (?, ?, ?, ?)",
                [number, recipient, now.isoformat(), json.dumps(asdict(content), ensure_ascii=False)],
            )
            self.db.executemany(
                "update entries set message = ? where recipient = ? and kind = ? and item = ? and message is null",
                [(number, *self._stored(entry)) for entry in entries],
            )
        return number

    def unsent(self, recipients: Sequence[str]) -> list[Message]:
        """Return the unacknowledged messages to recipients, oldest first."""
        marks = ", ".join("?" * len(recipients))
        rows = self.db.execute(
            "select id, recipient, made_at, content from messages where acknowledged_at is null "
            f"and recipient in ({marks}) order by made_at, id",
            list(recipients),
        )
        return [Message(number, to, made_at, Content(**json.loads(content))) for number, to, made_at, content in rows]

    def tried(self, message: Message) -> None:
        """Count an attempt to send a message."""
        with self._writing():
            self.db.execute("update messages set attempts = attempts + 1 where id = ?", [message.id])

    def acknowledged(self, message: Message, now: datetime) -> None:
        """Record that a message was acknowledged, and delete its content."""
        with self._writing():
            self.db.execute(
                "update messages set acknowledged_at = ?, content = '{}' where id = ?", [now.isoformat(), message.id]
            )

    def withdraw(self, recipients: Collection[str], now: datetime) -> int:
        """Delete the unacknowledged messages to all but the given recipients; return their number."""
        rows = self.db.execute("select id, recipient from messages where acknowledged_at is null").fetchall()
        gone = [(now.isoformat(), number) for number, recipient in rows if recipient not in recipients]
        with self._writing():
            self.db.executemany("update messages set acknowledged_at = ?, content = '{}' where id = ?", gone)
        return len(gone)

    def _stored(self, entry: Entry) -> tuple[str, str, str]:
        """Return recipient, kind and hash of an entry, its key in the table."""
        digest = hashlib.sha256(f"{self._salt}:{entry.item}".encode()).hexdigest()[:32]
        return entry.recipient, entry.kind.value, digest

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.db.execute("begin immediate")
        try:
            yield
            self.db.execute("commit")
        except BaseException:
            self.db.execute("rollback")
            raise


@contextmanager
def opened(home: Home) -> Iterator[Outbox]:
    """Open a home's outbox.

    Raises:
        HomeError: another process has it, or it is damaged.
    """
    with alone(home):
        os.close(os.open(home.outbox, os.O_CREAT | os.O_RDWR, 0o600))
        with _told(home), closing(sqlite3.connect(home.outbox, isolation_level=None)) as db:
            yield Outbox(db)


@contextmanager
def copied(home: Home) -> Iterator[Outbox]:
    """Open a copy of a home's outbox in memory: what is written there is gone afterwards.

    Raises:
        HomeError: the outbox is damaged.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        if home.outbox.exists():
            with closing(sqlite3.connect(f"{home.outbox.as_uri()}?mode=ro", uri=True)) as kept, _told(home):
                kept.backup(db)
        yield Outbox(db)


@contextmanager
def _told(home: Home) -> Iterator[None]:
    """Say what a damaged outbox means.

    Raises:
        HomeError: it is damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise HomeError(
            f"{home.outbox} cannot be used ({error}): restore it from a backup; without it everybody would be told "
            "of all that stands"
        ) from error


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the outbox's lock; the end of the process releases it too.

    Raises:
        HomeError: another process has it.
    """
    lock = home.outbox.with_suffix(".lock")
    try:
        with FileLock(lock, timeout=0, mode=0o600):
            yield
    except Timeout:
        raise HomeError(f"{lock} is held: another 'qhawaq notify' or a backup is at work; try again") from None
