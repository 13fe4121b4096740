"""The current entries of every recipient, from the published files of its audience and from fault sheets."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import contracts
from warehouse.contracts import Contract
from warehouse.errors import HomeError, UsageError
from warehouse.landing.intake import sent_as
from warehouse.notify import bulletins
from warehouse.notify.outbox import Entry, EntryKind, Missing
from warehouse.notify.recipients import Recipient
from warehouse.publish import switching
from warehouse.settings import DBT_PROJECT, Home

# Kind → SQL of a mart's entries: the school and what identifies the entry.
LISTS = {
    EntryKind.LISTED: "select service_code, child_key from priority_list",
    EntryKind.AT_ONCE: "select service_code, concat(need, ':', child_key) from immediate_cases",
}
SOURCE = re.compile(r"^- \*\*Fuente:\*\* (\S+)$", re.MULTILINE)  # in a fault sheet
WITHHELD = "select source, period, department_code from withheld_periods where is_missing"


@dataclass(frozen=True)
class News:
    """The entries of a release, and the UGEL of each listed school."""

    release: str
    entries: list[Entry]
    ugels: Mapping[str, str]


class ListEntry(NamedTuple):
    """An entry of a school's list."""

    ugel: str
    kind: EntryKind
    school: str
    item: str


def read(home: Home, recipients: Mapping[str, Recipient]) -> News:
    """Return the current entries of every recipient, new or not.

    Raises:
        HomeError: nothing has been published yet.
    """
    release = switching.current(home)
    if release is None:
        raise HomeError(f"{home.root} has nothing published yet: call 'qhawaq run' first")
    lists = list(_lists(home, release))
    entries = [
        *_of_lists(lists, recipients),
        *_missing(home, release, recipients),
        *_of_sheets(home, recipients),
        *bulletins.entries(home, _of_role(recipients, "bulletin")),
    ]
    return News(release, entries, {entry.school: entry.ugel for entry in lists})


def _lists(home: Home, release: str) -> Iterator[ListEntry]:
    """Yield the entries of all lists; each UGEL has a file of its own."""
    for folder in sorted(switching.manifest(home, release)):
        audience, _, ugel = folder.partition("/")
        if audience == "education":
            file = switching.file(home, folder, release)
            for kind, sql in LISTS.items():
                yield from (ListEntry(ugel, kind, school, item) for school, item in _rows(file, sql))


def _of_role(recipients: Mapping[str, Recipient], role: str) -> list[Recipient]:
    return [recipient for recipient in recipients.values() if recipient.role == role]


def _by_school(recipients: Mapping[str, Recipient]) -> dict[str, list[str]]:
    """Return school → names of its recipients."""
    names: dict[str, list[str]] = defaultdict(list)
    for recipient in _of_role(recipients, "school"):
        names[recipient.scope].append(recipient.name)
    return names


def _of_lists(lists: Iterable[ListEntry], recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    schools = _by_school(recipients)
    for entry in lists:
        yield from (Entry(name, entry.kind, entry.item) for name in schools.get(entry.school, ()))


def _missing(home: Home, release: str, recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    """Yield the withheld periods of a department for its UGELs, whose codes begin with the department's."""
    ugels = _of_role(recipients, "ugel")
    for row in _rows(switching.file(home, "operations", release), WITHHELD):
        missing = Missing(*row)
        item = "|".join(missing)
        for recipient in ugels:
            if recipient.scope[:2] == missing.region:
                yield Entry(recipient.name, EntryKind.MISSING, item, missing=missing)


def _of_sheets(home: Home, recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    """Yield the fault sheets for the senders of their sources; a sheet with another text is another entry."""
    senders = _of_role(recipients, "sender")
    sources = list(contracts.read(DBT_PROJECT).values())
    _check_sources(senders, sources)
    for path in sorted(home.fault_sheets.glob("*.md")) if senders else ():
        text = path.read_text(encoding="utf-8")
        source = _source_of(path.stem, text, sources)
        item = f"{path.stem}|{hashlib.sha256(text.encode()).hexdigest()}"
        for recipient in senders:
            if source and recipient.scope in (source.name, source.table):
                yield Entry(recipient.name, EntryKind.SHEET, item, text=text)


def _check_sources(senders: Iterable[Recipient], sources: Iterable[Contract]) -> None:
    """Refuse senders of a source that is none: they would never hear of anything.

    Raises:
        UsageError: a scope is no source's name.
    """
    known = {name for source in sources for name in (source.name, source.table)}
    for recipient in senders:
        if recipient.scope not in known:
            raise UsageError(f"recipients.csv: {recipient.name} is the sender of {recipient.scope}, which is no source")


def _source_of(file: str, text: str, sources: Iterable[Contract]) -> Contract | None:
    """Return whose sheet it is: of the source that it names, else of the one whose files are called so."""
    named = SOURCE.search(text)
    return next(
        (source for source in sources if source.name == (named and named[1]) or source.stated(sent_as(file))), None
    )


def _rows(file: Path, sql: str) -> list[tuple[str, ...]]:
    """Return the rows of a query of a published file."""
    with duckdb.connect(str(file), read_only=True) as db:
        return db.execute(sql).fetchall()
