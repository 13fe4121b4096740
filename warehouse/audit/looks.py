"""Who has looked at a child: every access by the service and by the command line, in one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import duckdb

from warehouse import clock, database
from warehouse.audit import access_log
from warehouse.audit.access_log import LogLine
from warehouse.identity.people import all_keys
from warehouse.keys import Keys
from warehouse.settings import Home

# Names that were shown on the command line before the access log held those too.
REVEALS = "select revealed_at, who, reason from vault.reveals where list_contains(?, child_key)"


class Look(NamedTuple):
    """One access to a child's data."""

    at: datetime
    who: str
    what: str  # the kind of access
    why: str

    def line(self) -> str:
        """Return it in one line, at Lima's hour."""
        who, why = (" ".join(text.split()) for text in (self.who, self.why))
        known = self.at.year > 1
        when = f"{self.at.astimezone(clock.LIMA):%Y-%m-%d %H:%M}" if known else "at an unknown time"
        return f"{when} {who}: {self.what} ({why})"


class Seen(NamedTuple):
    """Who has looked at a child, oldest first, and how many lines of the whole log are not as they were written."""

    looks: list[Look]
    n_wrong: int


def of_child(home: Home, secret: Keys, child: int) -> Seen:
    """Return every access to a child by any of its keys; also to one that was erased."""
    with database.scratch(home) as vault:
        database.attach_vault(vault, home, secret, read_only=True)
        return of_keys(home, secret, vault, all_keys(vault, child))


def of_keys(home: Home, secret: Keys, vault: duckdb.DuckDBPyConnection, owned: Iterable[int]) -> Seen:
    """Return every access to a child; the log is read once.

    Args:
        home: the home.
        secret: its keys.
        vault: with the vault attached.
        owned: all pseudonyms of the child.
    """
    owned = list(owned)
    wanted = set(map(str, owned))
    found = []
    n_wrong = 0
    for line in access_log.of(home, secret).lines():
        n_wrong += bool(line.fault)
        if not wanted.isdisjoint(line.children):
            found.append(_look(line))
    return Seen(sorted([*found, *_revealed(vault, owned)]), n_wrong)


def _look(line: LogLine) -> Look:
    who, what, why = (str(line.written.get(name)) for name in ("who", "what", "why"))
    changed = f"; line {line.number} is not as it was written" if line.fault else ""
    return Look(_moment(line.written.get("at")), who, what, f"{why}{changed}")


def _moment(written: object) -> datetime:
    """Return the moment of a line; of one that somebody changed it may say anything."""
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _revealed(vault: duckdb.DuckDBPyConnection, owned: list[int]) -> Iterator[Look]:
    for at, who, reason in vault.execute(REVEALS, [owned]).fetchall():
        yield Look(at.replace(tzinfo=UTC), who, "reveal", reason)
