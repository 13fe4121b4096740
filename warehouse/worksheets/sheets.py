"""Sheets of visits: names from the vault, each logged before it is read, on pages outside the home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import database, keys
from warehouse.audit import access_log
from warehouse.errors import HomeError, UsageError
from warehouse.files import write_whole
from warehouse.identity import vault
from warehouse.paper import pdf, qr, words
from warehouse.paper.pdf import PageData
from warehouse.settings import Home
from warehouse.worksheets import visits
from warehouse.worksheets.visits import Visit, WeekOfVisits


@dataclass(frozen=True)
class SheetRequest:
    """A request for sheets.

    Attributes:
        ugel: the UGEL's six digits.
        week: any day of the week; None: this week.
        first: how many children; None: as many as the UGEL can visit in a week.
        reason: why names are needed.
        who: who asks; None: the system's user.
    """

    ugel: str
    week: date | None
    first: int | None
    reason: str
    who: str | None


class SheetsWritten(NamedTuple):
    """Sheets that were written."""

    path: Path
    n_sheets: int
    n_waiting: int


class VisitNames(NamedTuple):
    """Names of a child and of who answers for it; None where no record has them."""

    child: str | None
    guardian: str | None


def write(home: Home, asked: SheetRequest, folder: Path) -> SheetsWritten:
    """Write the sheets of a UGEL's week as one PDF, a page per child, readable by its owner only.

    Raises:
        UsageError: the folder lies in the home, or nothing is published for the UGEL.
        HomeError: no list of that week is kept, or nobody on it waits for a visit.
    """
    _require_outside(home, folder)
    week = visits.read(home, asked.ugel, asked.week, asked.first)
    if not week.visits:
        raise HomeError(f"nobody on the list of UGEL {week.ugel} waits for a visit")
    _log(home, week, asked)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"hojas-{week.ugel}-{week.monday:%G-W%V}.pdf"
    write_whole(path, pdf.pdf("hoja", page_data(week, _names(home, week))), 0o600)
    return SheetsWritten(path, len(week.visits), week.n_waiting)


def _require_outside(home: Home, folder: Path) -> None:
    """Refuse a folder of the home: names stand there only encrypted.

    Raises:
        UsageError: it lies in the home.
    """
    if folder.resolve().is_relative_to(home.root.resolve()):
        raise UsageError(
            f"--to: {folder} lies in the home itself, which holds names only in its vault: name a folder outside"
        )


def _log(home: Home, week: WeekOfVisits, asked: SheetRequest) -> None:
    """Note every child as revealed, before any name is read."""
    for visit in week.visits:
        access_log.note(home, "reveal", visit.child, f"hoja de visita {week.monday:%G-W%V}: {asked.reason}", asked.who)


def _names(home: Home, week: WeekOfVisits) -> dict[str, VisitNames]:
    """Return key → names of all children to visit."""
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return {visit.child: _named(db, int(visit.child)) for visit in week.visits}


def _named(db: duckdb.DuckDBPyConnection, child: int) -> VisitNames:
    found = vault.identity(db, child)
    parts = (found.given_names, found.first_surname, found.second_surname) if found else ()
    return VisitNames(" ".join(filter(None, parts)) or None, vault.guardian(db, child))


def page_data(week: WeekOfVisits, names: Mapping[str, VisitNames]) -> PageData:
    """Return what the pages show."""
    told = words.texts()
    return {
        "title": f"{told['sheet']['title']}: {week.ugel_name}",
        "ugel": week.ugel_name,
        "week": words.week(week.monday),
        "synthetic": week.is_synthetic,
        "synthetic_text": told["synthetic"],
        "words": told["sheet"],
        "children": [_child(visit, names[visit.child]) for visit in week.visits],
    }


def _child(visit: Visit, named: VisitNames) -> PageData:
    """Return what a child's page shows."""
    valid = words.texts()["sheet"]["valid"]
    return {
        "key": visit.child,
        "name": named.child,
        "guardian": named.guardian,
        "school": visit.school,
        "grade": visit.grade,
        "rank": f"{visit.rank}, {valid} {words.day(visit.expires_on)}",
        "reasons": visit.reasons,
        "actions": visit.actions,
        "contacts": [f"{words.day(contact.on)}: {contact.text}" for contact in visit.contacts],
        "qr": qr.svg(qr.page_of(visit.child)),
    }
