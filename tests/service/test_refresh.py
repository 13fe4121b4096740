"""What a page showed of visits before a refresh, the warehouse shows after it: the same, once; and no word of a note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb
import pytest

from service import home as service_home
from service import visit_form
from service.published import PublishedFile
from service.visit_book import VisitBook, VisitLine
from service.visit_form import Place, VisitForm
from tests.conftest import Country, qhawaq
from tests.landing.visits import book, entry, noted
from warehouse import clock, keys
from warehouse.landing import journal
from warehouse.landing.journal import JournalEntry
from warehouse.rights import canary
from warehouse.rights.canary import Canaries
from warehouse.settings import Home

pytestmark = pytest.mark.long  # lands, builds and publishes the country once more
BUILT = "stg_feedback__case_events+ visit_outcomes case_words"
NUMBER = "98765432"  # what somebody notes, and nobody finds outside vault and journal


@dataclass(frozen=True)
class Refreshed:
    """A home in which visits were recorded, and then refreshed."""

    home: Home
    child: str
    before: list[VisitLine]
    recorded: dict[str, JournalEntry]


def lines(home: Home, child: str, *, with_journal: bool = True) -> list[VisitLine]:
    published = PublishedFile(home.serving / "service" / "current.duckdb")
    return VisitBook(published, book(home) if with_journal else None).lines([child])


def on_day(day: date, one: JournalEntry) -> JournalEntry:
    """Return an entry as a synthetic home records it: on its own day."""
    file = one.file.replace(f"{clock.today():%Y%m%d}", f"{day:%Y%m%d}")
    return replace(one, file=file)


@pytest.fixture(scope="module")
def refreshed(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    home = country.copy(tmp_path_factory.mktemp("visits") / "home", "archive", "compiled")
    day = service_home.today(home)
    with duckdb.connect(str(home.serving / "service" / "current.duckdb"), read_only=True) as db:
        child, ugel, matter = db.execute(
            "select child_key, ugel_code, matter || ':' || school_year from cases where case_state = 'listado' "
            "and child_key in (from (select child_key from priority_list)) order by all limit 1"
        ).fetchone()
    form = VisitForm(matter=matter, outcome="ENCONTRADO", on=str(day), given="TUTOR", answer=["VISITA:ACEPTADO"],
                     next_step="LLAMAR", next_on=str(date(day.year + 1, 1, 15)))  # fmt: skip

    def made(outcome: str = "ENCONTRADO", **more: Any) -> JournalEntry:
        one = entry(int(child), form=form.model_copy(update={"outcome": outcome}), note=f"DNI {NUMBER}", **more)
        return on_day(day, replace(one, rows=[row | {"COD_UGEL": ugel} for row in one.rows]))

    kept, slip, never = made(), made("NO_UBICADO"), made("ASISTE")
    mended = made("ESTUDIANTE", replaces=slip.number)
    number = journal.draw_number()
    row = visit_form.line(matter, Place(child, ugel, number, day), journal.TAKEN_BACK, day) | {
        "REEMPLAZA": never.number
    }
    back = replace(made(), number=number, rows=[row], replaces=never.number, note="")
    back = replace(back, file=back.file[:-16] + number)
    number = journal.draw_number()
    row = visit_form.line(matter, Place(child, ugel, number, day), "ASIGNADO", day)
    charged = replace(made(), number=number, rows=[row], in_charge="ana", note="")
    charged = replace(charged, file=charged.file[:-16] + number)
    recorded = {"kept": kept, "slip": slip, "never": never, "mended": mended, "back": back, "charged": charged}
    for one in recorded.values():
        book(home).record(one)
    before = lines(home, child)
    qhawaq(home.root, "--quiet", "land")
    qhawaq(home.root, "--quiet", "build", "--select", BUILT)
    qhawaq(home.root, "--quiet", "publish")
    return Refreshed(home, child, before, recorded)


def _as_told(line: VisitLine) -> dict[str, Any]:
    """Return all that the warehouse can know of a line."""
    return {
        name: value for name, value in vars(line).items() if name not in ("entry", "at", "who", "in_charge", "has_note")
    }


def test_the_warehouse_tells_what_the_page_showed(refreshed: Refreshed) -> None:
    after = lines(refreshed.home, refreshed.child, with_journal=False)
    assert {line.number: _as_told(line) for line in after} == {line.number: _as_told(line) for line in refreshed.before}
    assert {line.number for line in after} == {
        refreshed.recorded[name].number for name in ("kept", "mended", "charged")
    }


def test_with_the_journal_beside_it_nothing_is_told_twice(refreshed: Refreshed) -> None:
    assert lines(refreshed.home, refreshed.child) == refreshed.before


def test_who_recorded_it_is_known_when_the_journal_has_let_it_go(refreshed: Refreshed) -> None:
    home = refreshed.home
    reader = book(home)
    reader.home = replace(home, root=home.root)
    staff = reader.staff()
    assert staff[refreshed.recorded["charged"].number] == ("docente", "ana")
    assert staff[refreshed.recorded["kept"].number] == ("docente", "")


def test_the_case_goes_on_with_what_stands(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.home.warehouse), read_only=True) as db:
        rows = db.execute(
            "select case_state, contacted_on is not null, served_on is not null, closed_on from education.cases "
            "where child_key = ? and case_state <> 'listado'", [refreshed.child],
        ).fetchall()  # fmt: skip
    assert rows == [("atendido", True, True, None)]  # closed by a visit that was taken back


def test_no_word_of_a_note_is_anywhere_but_sealed(refreshed: Refreshed) -> None:
    assert len([note for *_, note in noted(refreshed.home) if NUMBER in note]) == 4
    secret = keys.load(refreshed.home.secrets)
    found = canary.search(refreshed.home, secret, Canaries((), (NUMBER,), is_thorough=True)).hits
    assert found["vault"] == 4
    assert found["archive"] >= 4  # journal and copy of names, both sealed
    assert {place for place, hits in found.items() if hits} == {"vault", "archive"}
    sealed = [path for path in refreshed.home.root.rglob("*.age") if NUMBER.encode() in path.read_bytes()]
    assert sealed == []


def test_deliveries_hold_no_word_and_no_staff(refreshed: Refreshed) -> None:
    for path in sorted((refreshed.home.archive / "landed").glob("*_F*.age")):
        content = canary.decrypted(path, keys.load(refreshed.home.secrets))
        assert not any(word in content for word in (NUMBER.encode(), b"docente", b"ana"))
