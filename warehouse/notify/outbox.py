"""What was told to whom: entries wait here until a message that counts them is acknowledged.

An entry is told once while it stands. Entries and the message that tells of them are written in one transaction, and
the message as it will be sent with them: whatever is cut off, the same message with the same number goes out again, and
a receiver that knows the number takes it once. No pseudonym is kept: an entry is a hash with a salt of this outbox.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from warehouse.errors import HomeError
from warehouse.settings import Home

OUT = "out"  # what came while somebody wanted no messages
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
# What is gone is forgotten, so that it is new when it comes again.
FORGET = "delete from entries where (recipient, kind, item) not in (select recipient, kind, item from standing)"


@dataclass(frozen=True)
class Entry:
    """Something that stands now and that a recipient is to hear of: `item` says what, within its kind."""

    recipient: str
    kind: str
    item: str


@dataclass(frozen=True)
class Message:
    """A message as it goes out; `id` stays the same however often it is sent."""

    id: str
    recipient: str
    made_at: str
    content: Mapping[str, object]


class Outbox:
    """One home's outbox, open; whoever holds it is alone with it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        db.execute("pragma synchronous = full")
        db.execute("pragma secure_delete = on")
        db.execute("pragma foreign_keys = off")  # OUT is no message
        db.executescript(SCHEMA)
        db.execute("insert or ignore into settings values ('salt', ?)", [secrets.token_hex(16)])
        self._salt = self._setting("salt")

    def _setting(self, name: str) -> str:
        found = self.db.execute("select value from settings where name = ?", [name]).fetchone()
        return found[0] if found else ""

    def take_up(self, entries: Iterable[Entry], release: str, out: Collection[str] = ()) -> int:
        """Note what stands in a release; return how much of it is new.

        Args:
            entries: all that stands now.
            release: where it stands; only in a newer one than was seen does what is missing count as gone, as a
                rollback takes back what is new and brings it again.
            out: recipients who want no messages.
        """
        with self._writing():
            self.db.execute("create temp table standing (recipient, kind, item)")
            said = [(one.recipient, one.kind, self._hash(one.item)) for one in entries]
            self.db.executemany("insert into standing values (?, ?, ?)", said)
            if release > self._setting("release"):
                self.db.execute(FORGET)
                self.db.execute("insert or replace into settings values ('release', ?)", [release])
            new = self.db.execute(
                "insert or ignore into entries select recipient, kind, item, ?, null from standing", [release]
            ).rowcount
            self.db.execute("drop table standing")
            self.db.executemany(
                "update entries set message = ? where message is null and recipient = ?", [(OUT, one) for one in out]
            )
        return new

    def waiting(self, entries: Iterable[Entry]) -> dict[str, list[Entry]]:
        """Return recipient → those of the entries that no message tells of yet."""
        rows = set(self.db.execute("select recipient, kind, item from entries where message is null"))
        found: dict[str, list[Entry]] = {}
        for one in entries:
            if (one.recipient, one.kind, self._hash(one.item)) in rows:
                found.setdefault(one.recipient, []).append(one)
        return found

    def compose(self, recipient: str, entries: Iterable[Entry], content: Mapping[str, object], now: datetime) -> str:
        """Write a message that tells a recipient of entries; return its number."""
        number = secrets.token_hex(16)
        told = [(number, recipient, one.kind, self._hash(one.item)) for one in entries]
        with self._writing():
            self.db.execute(
                "insert into messages (id, recipient, made_at, content) values (?, ?, ?, ?)",
                [number, recipient, now.isoformat(), json.dumps(content, ensure_ascii=False)],
            )
            self.db.executemany(
                "update entries set message = ? where recipient = ? and kind = ? and item = ? and message is null", told
            )
        return number

    def unsent(self, recipients: Sequence[str]) -> list[Message]:
        """Return the messages to recipients that nobody acknowledged, oldest first."""
        marks = ", ".join("?" * len(recipients))
        rows = self.db.execute(
            "select id, recipient, made_at, content from messages where acknowledged_at is null "
            f"and recipient in ({marks}) order by made_at, id", list(recipients),
        )  # fmt: skip
        return [Message(id_, to, made_at, json.loads(content)) for id_, to, made_at, content in rows]

    def tried(self, message: Message) -> None:
        """Note that a message is being sent."""
        with self._writing():
            self.db.execute("update messages set attempts = attempts + 1 where id = ?", [message.id])

    def acknowledged(self, message: Message, now: datetime) -> None:
        """Note that a message has arrived; what it said is kept no longer."""
        with self._writing():
            self.db.execute(
                "update messages set acknowledged_at = ?, content = '{}' where id = ?", [now.isoformat(), message.id]
            )

    def withdraw(self, recipients: Collection[str], now: datetime) -> int:
        """Let go of messages to those who are not in the table any more or want none; return how many."""
        rows = self.db.execute("select id, recipient from messages where acknowledged_at is null").fetchall()
        gone = [(now.isoformat(), number) for number, recipient in rows if recipient not in recipients]
        with self._writing():
            self.db.executemany("update messages set acknowledged_at = ?, content = '{}' where id = ?", gone)
        return len(gone)

    def _hash(self, item: str) -> str:
        return hashlib.sha256(f"{self._salt}:{item}".encode()).hexdigest()[:32]

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
        try:
            with closing(sqlite3.connect(home.outbox, isolation_level=None)) as db:
                yield Outbox(db)
        except sqlite3.DatabaseError as error:
            raise HomeError(
                f"{home.outbox} cannot be used ({error}): restore it from a backup; without it everybody would be told "
                "of all that stands"
            ) from error


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the outbox's lock; it goes with the process that holds it.

    Raises:
        HomeError: another process has it.
    """
    lock = home.outbox.with_suffix(".lock")
    with os.fdopen(os.open(lock, os.O_CREAT | os.O_RDWR, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeError(f"{lock} is held: another 'qhawaq notify' or a backup is at work; try again") from None
        yield
