"""Visits and what came of them: recorded from a child's page, shown at once, corrected or taken back within a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service import forms, recording, visit_form, words
from service.access import Caller
from service.children import PublishedChild
from service.problems import Problem, wants_page
from service.routes import visible_child
from service.schemas import ChildKey
from service.service import CurrentService, Service, having
from service.visit_book import VisitLine
from service.visit_form import VisitForm
from warehouse.landing import journal

OF_SERVICES = ("given", "answer", "dismissal")  # fields that stand apart
TO_LIST = "lista"  # where a form says so, who saved it goes back to the list
Shown = dict[str, Any]  # what a template is given, by name
router = APIRouter(include_in_schema=False)
Number = Annotated[str, Path(pattern=r"^[0-9]{16}$")]
Records = Annotated[Caller, having("feedback")]


class AssignForm(VisitForm):
    """The form that puts somebody in charge of a case; without a name, who sends it."""

    to: str = ""


@dataclass(frozen=True)
class FormShown:
    """A form of a visit as it is shown: what was typed, what is wrong with it, and where it goes."""

    action: str
    typed: VisitForm
    errors: dict[str, str]  # field → what is wrong, as people read it
    is_correction: bool = False
    number: str = field(default_factory=journal.draw_number)

    @property
    def is_open(self) -> bool:
        """Whether more is shown than the commonest visit needs."""
        return self.is_correction or bool(self.errors.keys() - {"outcome", *OF_SERVICES})

    @property
    def has_services(self) -> bool:
        """Whether something is said of services or of a dismissal, or wrong there."""
        typed = self.typed
        return bool(typed.given or typed.answers or typed.dismissal) or not self.errors.keys().isdisjoint(OF_SERVICES)


def section(service: Service, caller: Caller, child: PublishedChild, why: str = "") -> Shown:
    """Return what `visitas.html` shows of a child's visits; with a reason the notes too, once that is logged.

    Args:
        service: the service.
        caller: who looks.
        child: as published to them.
        why: the reason for which they see the name; empty where they do not.
    """
    lines = service.visit_book.lines([child["child_key"]])
    return _words(service) | {
        "lines": lines,
        "notes": notes_of(service, caller, child["child_key"], why, lines) if why and lines else {},
        "fixable": {line.number for line in lines if line.may_be_corrected_by(caller.name)},
        "in_charge": next((line.in_charge for line in lines if line.in_charge), ""),
        "form": _open_form(service, caller, child),
    }


def _open_form(service: Service, caller: Caller, child: PublishedChild) -> FormShown | None:
    """Return the form as it is before anything is typed; None for who may not record, or where there is no case."""
    may_record = child["cases"] and "feedback" in caller.scopes
    return FormShown(_address(child), VisitForm(on=str(service.settings.today())), {}) if may_record else None


def _words(service: Service) -> Shown:
    return {
        "t": words.texts("visits"),
        "matters": words.of_kind("list", "matter"),
        "case_states": words.of_kind("list", "state"),
        "outcomes": words.outcomes(),
        "supports": words.supports(),
        "dismissals": words.of_cases("dismissal"),
        "next_steps": words.of_cases("next_step"),
        "answers": words.of_cases("answer"),
        "states": words.of_cases("state"),
        "today": service.settings.today(),
    }


def notes_of(service: Service, caller: Caller, key: str, why: str, lines: list[VisitLine]) -> dict[str, dict[str, str]]:
    """Return by visit what was noted of it and with whom they went, once the look is logged.

    Raises:
        Refused: the caller may not see names.
        Busy: landing writes the vault, and there is no copy of it yet.
    """
    service.access_log.note(caller.needs("identity").name, "notes", key, why)
    held = service.settings.notes(int(key)) if service.settings.notes else []
    found = {note["number"]: {"note": note["note"], "with_whom": note["with_whom"]} for note in held}
    for line in lines:
        if line.entry and line.number not in found:
            entry = recording.whole(service, line.number)
            found[line.number] = {"note": entry.note, "with_whom": entry.with_whom}
    return found


@router.get("/ficha/{key}/seguimiento")
def form_page(
    service: CurrentService, key: ChildKey, caller: Records, outcome: str = "", volver: str = ""
) -> HTMLResponse:
    """The form of a visit alone, for a link from the list."""
    child = visible_child(service, caller.needs("education"), key)
    service.access_log.note(caller.name, "child", key, "registrar una visita")
    typed = VisitForm(on=str(service.settings.today()), outcome=outcome, back=volver)
    return HTMLResponse(_form_page(service, caller, child, FormShown(_address(child), typed, {})))


@router.post("/ficha/{key}/seguimiento")
def record(
    request: Request, service: CurrentService, key: ChildKey, caller: Records, form: Annotated[VisitForm, Form()]
) -> Response:
    """Record a visit: into the journal, where it shows at once, and as a delivery, which lands like any other."""
    forms.verify_seal(request, service, caller, key, form.seal)
    child = visible_child(service, caller.needs("education"), key)
    if refused := _refused(request, service, caller, child, form):
        return refused
    recording.keep(service, caller, child, form)
    return _saved(form, key, "guardado")


@router.get("/ficha/{key}/seguimiento/{number}")
def correction_page(service: CurrentService, key: ChildKey, number: Number, caller: Records) -> HTMLResponse:
    """The form with what was recorded, for who recorded it and within a day; its words are kept and not shown."""
    child = visible_child(service, caller.needs("education"), key)
    line = recording.own_line(service, caller, key, number)
    service.access_log.note(caller.name, "child", key, "corregir una visita")
    shown = FormShown(f"{_address(child)}/{number}", _typed(line), {}, is_correction=True)
    return HTMLResponse(_form_page(service, caller, child, shown))


@router.post("/ficha/{key}/seguimiento/{number}")
def correct(
    *,
    request: Request,
    service: CurrentService,
    key: ChildKey,
    number: Number,
    caller: Records,
    form: Annotated[VisitForm, Form()],
) -> Response:
    """Record a visit anew in the place of a former one, which stays known as what it was."""
    forms.verify_seal(request, service, caller, key, form.seal)
    child = visible_child(service, caller.needs("education"), key)
    recording.own_line(service, caller, key, number)
    if refused := _refused(request, service, caller, child, form, number):
        return refused
    recording.keep(service, caller, child, form, recording.whole(service, number))
    return _saved(form, key, "guardado")


@router.post("/ficha/{key}/seguimiento/{number}/retirar")
def take_back(
    *,
    request: Request,
    service: CurrentService,
    key: ChildKey,
    number: Number,
    caller: Records,
    form: Annotated[VisitForm, Form()],
) -> Response:
    """Take a visit back that never was."""
    forms.verify_seal(request, service, caller, key, form.seal)
    child = visible_child(service, caller.needs("education"), key)
    line = recording.own_line(service, caller, key, number)
    recording.take_back(service, caller, child, line)
    return _saved(form, key, "retirado")


@router.post("/ficha/{key}/asignar")
def assign(
    request: Request, service: CurrentService, key: ChildKey, caller: Records, form: Annotated[AssignForm, Form()]
) -> Response:
    """Put the caller or a colleague in charge of a case."""
    forms.verify_seal(request, service, caller, key, form.seal)
    child = visible_child(service, caller.needs("education"), key)
    recording.assign_case(service, caller, child, form.to.strip() or caller.called, form.matter)
    return _saved(form, key, "asignado")


def _address(child: PublishedChild) -> str:
    return f"/ficha/{child['child_key']}/seguimiento"


def _refused(
    request: Request, service: Service, caller: Caller, child: PublishedChild, form: VisitForm, number: str = ""
) -> Response | None:
    """Return the form again with what is wrong beside its field and what was typed; None where nothing is wrong.

    Raises:
        Problem: something is wrong, and no page is asked for.
    """
    said = words.texts("visits")
    errors = {field: said[name] for field, name in form.errors(recording.matters_of(child)).items()}
    if not errors:
        return None
    if not wants_page(request):
        raise Problem(422, "; ".join(f"{field}: {text}" for field, text in errors.items()))
    shown = FormShown(f"{_address(child)}{number and '/'}{number}", form, errors, is_correction=bool(number))
    return HTMLResponse(_form_page(service, caller, child, shown), 422)


def _form_page(service: Service, caller: Caller, child: PublishedChild, shown: FormShown) -> str:
    return forms.render(
        "visita.html",
        service,
        caller=caller,
        child=child,
        seal=forms.seal(service, caller, child["child_key"]),
        visits=_words(service) | {"form": shown},
    )


def _typed(line: VisitLine) -> VisitForm:
    """Return the form that a visit was recorded with, without its words."""
    assert line.entry  # noqa: S101  `_own` has looked
    given = {"given": line.given or ""}
    return visit_form.typed(line.entry.rows[0]).model_copy(update=given)


def _saved(form: VisitForm, key: str, what: str) -> Response:
    return RedirectResponse("/" if form.back == TO_LIST else f"/ficha/{key}?{what}=true", 303)
