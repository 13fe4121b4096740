"""Visits as tests record them, and what a home holds of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from service import visit_form
from service.visit_form import Place, VisitForm
from warehouse import clock, contracts, database, keys
from warehouse.landing import journal
from warehouse.landing.journal import JournalEntry
from warehouse.landing.visit_journal import VisitJournal
from warehouse.settings import DBT_PROJECT, Home

CONTRACT = contracts.read(DBT_PROJECT)[journal.TABLE]
FORM = VisitForm(matter="interruption:2025", outcome="ENCONTRADO", on="2025-11-15")
CANARY = "Rosa Canario"


def entry(child: int = 111, *, days_ago: int = 0, form: VisitForm = FORM, **more: Any) -> JournalEntry:
    number = journal.draw_number()
    at = clock.now() - timedelta(days=days_ago)
    place = Place(str(child), "150101", number, clock.day_of(at))
    rows = visit_form.rows(form, place, more.get("replaces", ""))
    file = f"{journal.STEM}_{rows[0]['ANIO']}_{clock.day_of(at):%Y%m%d}_F{number}"
    said = {"note": CANARY, "with_whom": "", "who": "docente"} | more
    return JournalEntry(number=number, at=at.isoformat(), child=str(child), file=file, rows=rows, **said)


def book(home: Home) -> VisitJournal:
    return VisitJournal(home, CONTRACT)


def noted(home: Home) -> list[tuple]:
    """Return number, child, who and note of each visit in the vault."""
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return db.execute("select number, child_key, who, note from vault.visit_notes order by 1").fetchall()


def landed(home: Home) -> list[str]:
    """Return the numbers of the visits that have landed."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return [
            number
            for (number,) in db.execute("select numero_visita from raw.feedback_case_events order by 1").fetchall()
        ]


def holding(home: Home, text: str) -> list[Path]:
    """Return the files of a home that hold a text in the clear."""
    return [path for path in home.root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
