"""What stands for whom: read from what was published, as its readers see it, and from the sheets for senders."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import HomeError
from warehouse.notify.outbox import Entry
from warehouse.notify.recipients import Recipient
from warehouse.publish import releases
from warehouse.settings import Home

LISTED, AT_ONCE, MISSING, SHEET = "listed", "at_once", "missing", "sheet"
# Kind → who hears of it, and a mart's entries: the scope that hears, and what is new where it was not there before.
LISTS = {
    LISTED: "select service_code, child_key from priority_list",
    AT_ONCE: "select service_code, concat(need, ':', child_key) from immediate_cases",
}
WITHHELD = """
select department_code, concat_ws('|', source, period, department_code)
from withheld_periods where is_missing
"""
SENDER = re.compile(r"^- \*\*Fuente:\*\* (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class News:
    """What stands in a release, the sheets by their file, and which UGEL each listed school is of."""

    release: str
    entries: list[Entry]
    sheets: Mapping[str, str]
    ugels: Mapping[str, str]


def read(home: Home, recipients: Mapping[str, Recipient]) -> News:
    """Return what each recipient is to hear of, new or not.

    Raises:
        HomeError: nothing has been published yet.
    """
    release = releases.current(home)
    if release is None:
        raise HomeError(f"{home.root} has nothing published yet: call 'qhawaq run' first")
    lists = list(_lists(home, release))
    sheets = {path.stem: path.read_text(encoding="utf-8") for path in sorted(home.fault_sheets.glob("*.md"))}
    entries = [*_of_lists(lists, recipients), *_missing(home, release, recipients), *_of_sheets(sheets, recipients)]
    return News(release, entries, sheets, {school: ugel for ugel, _, school, _ in lists})


def _lists(home: Home, release: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (UGEL, kind, school, item) of all lists: each UGEL's are a file of its own."""
    for file in sorted(home.serving.glob(f"education/*/{release}.duckdb")):
        for kind, sql in LISTS.items():
            yield from ((file.parent.name, kind, school, item) for school, item in _asked(file, sql))


def _who(recipients: Mapping[str, Recipient], role: str) -> list[Recipient]:
    return [one for one in recipients.values() if one.role == role]


def _schools(recipients: Mapping[str, Recipient]) -> dict[str, list[str]]:
    """Return school → the names of those who hear of its lists."""
    found: dict[str, list[str]] = {}
    for one in _who(recipients, "school"):
        found.setdefault(one.scope, []).append(one.name)
    return found


def _of_lists(lists: Iterable[tuple[str, str, str, str]], recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    schools = _schools(recipients)
    for _, kind, school, item in lists:
        yield from (Entry(name, kind, item) for name in schools.get(school, ()))


def _missing(home: Home, release: str, recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    """A region's month that is withheld is told to the UGELs of the region: the first two digits are the region's."""
    ugels = _who(recipients, "ugel")
    for region, item in _asked(home.serving / "operations" / f"{release}.duckdb", WITHHELD):
        yield from (Entry(one.name, MISSING, item) for one in ugels if one.scope[:2] == region)


def _of_sheets(sheets: Mapping[str, str], recipients: Mapping[str, Recipient]) -> Iterator[Entry]:
    """A sheet that says something else than before is new."""
    senders = _who(recipients, "sender")
    for file, text in sheets.items():
        source = (SENDER.search(text) or [None, None])[1]
        item = f"{file}|{hashlib.sha256(text.encode()).hexdigest()}"
        yield from (Entry(one.name, SHEET, item) for one in senders if one.scope == source)


def _asked(file: Path, sql: str) -> list[tuple[str, str]]:
    with duckdb.connect(str(file), read_only=True) as db:
        return db.execute(sql).fetchall()
