"""What forms of visits do: keep what was typed in the journal, and find what is there to be corrected."""

from __future__ import annotations

import re
from contextlib import suppress

from service import visit_form, words
from service.access import Caller
from service.children import PublishedChild
from service.problems import Problem
from service.service import Service
from service.settings import Busy
from service.visit_book import VisitLine
from service.visit_form import Place, Rows, VisitForm
from warehouse import clock
from warehouse.errors import DamagedFile, HomeError
from warehouse.landing import journal
from warehouse.landing.journal import JournalEntry

NUMBER = re.compile(r"[0-9]{16}")
ACCOUNT = re.compile(r"[^\s/\\]{1,100}")


def own_line(service: Service, caller: Caller, key: str, number: str) -> VisitLine:
    """Return a visit that the caller may correct.

    Raises:
        Problem: it is gone, another's, or a day old.
    """
    said = words.texts("visits")
    line = next((line for line in service.visit_book.lines([key]) if line.number == number), None)
    if line is None:
        raise Problem(404, said["gone"], said=said["gone"])
    if not line.may_be_corrected_by(caller.name):
        raise Problem(409, said["too_late"], said=said["too_late"])
    return line


def whole(service: Service, number: str) -> JournalEntry:
    """Return an entry of the journal with its words.

    Raises:
        Problem: it is gone.
        Busy: the home's secret is being replaced.
    """
    assert service.settings.journal  # noqa: S101  there was a line of it
    try:
        return service.settings.journal.whole(number)
    except (FileNotFoundError, DamagedFile):
        gone = words.texts("visits")["gone"]
        raise Problem(404, gone, said=gone) from None
    except HomeError:
        raise Busy("the journal cannot be read now: again in a moment") from None


def matters_of(child: PublishedChild) -> list[str]:
    """Return the child's cases, the newest first."""
    return [f"{case['matter']}:{case['school_year']}" for case in reversed(child["cases"])]


def assign_case(service: Service, caller: Caller, child: PublishedChild, to: str, matter: str = "") -> None:
    """Put somebody in charge of a child's case, by default its newest.

    Raises:
        Problem: the child has no such case, or nobody can have that name.
        Busy: it cannot be kept now.
    """
    matters = matters_of(child)
    matter = matter or next(iter(matters), "")
    wrong = "matter" if matter not in matters else "" if ACCOUNT.fullmatch(to) else "to"
    if wrong:
        said = words.texts("visits")[f"wrong_{wrong}"]
        raise Problem(422, said, said=said)
    place = Place(child["child_key"], child["ugel_code"], journal.draw_number(), service.settings.today())
    row = visit_form.line(matter, place, "ASIGNADO", place.today)
    write(service, caller, place.child, place.number, [row], in_charge=to)


def take_back(service: Service, caller: Caller, child: PublishedChild, former: VisitLine) -> None:
    """Write that a visit never was.

    Raises:
        Busy: it cannot be kept now.
    """
    place = Place(child["child_key"], child["ugel_code"], journal.draw_number(), service.settings.today())
    row = visit_form.line(former.matter, place, journal.TAKEN_BACK, former.on) | {"REEMPLAZA": former.number}
    write(service, caller, place.child, place.number, [row], replaces=former.number)


def keep(
    service: Service, caller: Caller, child: PublishedChild, form: VisitForm, former: JournalEntry | None = None
) -> None:
    """Write a visit; where it corrects one, words that were not typed again stay. Sent twice, it is one visit."""
    key = child["child_key"]
    given = _words_of(form, former)
    for number in filter(NUMBER.fullmatch, (form.number, journal.draw_number())):
        place = Place(key, child["ugel_code"], number, service.settings.today())
        rows = visit_form.rows(form, place, given["replaces"])
        held = _held(service, number)
        if held is None:
            write(service, caller, key, number, rows, **given)
        if held is None or (held.who, held.rows, held.note) == (caller.name, rows, given["note"]):
            return


def _words_of(form: VisitForm, former: JournalEntry | None) -> dict[str, str]:
    """Return what an entry says beside its lines."""
    typed = {"note": form.note.strip(), "with_whom": form.with_whom.strip(), "replaces": ""}
    if former is None:
        return typed
    return {
        "note": typed["note"] or former.note,
        "with_whom": typed["with_whom"] or former.with_whom,
        "replaces": former.number,
    }


def _held(service: Service, number: str) -> JournalEntry | None:
    with suppress(FileNotFoundError, DamagedFile, HomeError):
        return service.settings.journal.whole(number) if service.settings.journal else None
    return None


def write(service: Service, caller: Caller, key: str, number: str, rows: Rows, **more: str) -> None:
    """Log that something is recorded, keep it in the journal and deliver it.

    Raises:
        Problem: nothing can be recorded here.
        Busy: it cannot be kept now.
    """
    if service.settings.journal is None:
        raise Problem(503, "nothing can be recorded here")
    first = rows[0]
    file = f"{journal.STEM}_{first['ANIO']}_{service.settings.today():%Y%m%d}_F{number}"
    entry = JournalEntry(
        number=number, at=clock.now().isoformat(), who=caller.name, child=key, file=file, rows=rows, **more
    )
    service.access_log.note(caller.name, "feedback", key, f"{first['ESTADO']} {first['FECHA']} {number}")
    try:
        service.settings.journal.record(entry)
    except HomeError:
        raise Busy("it cannot be kept now: again in a moment") from None
