"""The first page: whom to see today, by the caller's areas, with names for a reason that they state once a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from service import forms, wording, words, worklist
from service.access import Caller, Refused
from service.recording import assign_case
from service.routes import stated_reason, visible_child
from service.service import AnyCaller, CurrentService, Service, having
from service.settings import Busy
from service.worklist import SHOWN, ListChoice, WorkItem

# Of callers with a scope; the first that fits.
FIRST_PAGES = {
    "education": "",
    "planning": "/ugel",
    "tutoring": "/escuela",
    "protection": "/proteccion",
    "audit": "/audit",
}
router = APIRouter(include_in_schema=False)


class ListForm(BaseModel):
    """A form on the list; it leads back to what its sender saw there."""

    seal: str
    seen: str = Field("", max_length=1000)  # place, filters and page, as the address said them

    def back(self, child: str = "") -> Response:
        """Return to the list as it was, at a child where one is named."""
        seen = self.seen if self.seen.startswith("?") else ""
        return RedirectResponse(f"/{seen}{child and '#e'}{child}", 303)


class NamesForm(ListForm):
    """Why somebody sees names today."""

    why: str


class ChargeForm(ListForm):
    """Whose case somebody takes: the caller, or a colleague whom they name."""

    child: str = Field(pattern=r"^[0-9]{1,16}$")
    to: str = ""


@router.get("/")
def first_page(service: CurrentService, caller: AnyCaller, choice: Annotated[ListChoice, Query()]) -> Response:
    """The caller's list, or the first page of who has none."""
    ways = [path for scope, path in FIRST_PAGES.items() if scope in caller.scopes]
    if not ways:
        raise Refused(403, "no page here is for you: an administrator gives you a role")
    return RedirectResponse(ways[0], 303) if ways[0] else HTMLResponse(_page(service, caller, choice))


@router.post("/lista/nombres")
def show_names(
    request: Request, service: CurrentService, caller: AnyCaller, form: Annotated[NamesForm, Form()]
) -> Response:
    """Show names on the caller's list for the rest of the day, for a stated reason."""
    forms.verify_seal(request, service, caller, "lista", form.seal)
    service.named.state(caller.name, stated_reason(caller, form.why))
    return form.back()


@router.post("/lista/sin-nombres")
def hide_names(
    request: Request, service: CurrentService, caller: AnyCaller, form: Annotated[ListForm, Form()]
) -> Response:
    """Hide names from the caller's list again."""
    forms.verify_seal(request, service, caller, "lista", form.seal)
    service.named.end(caller.name)
    return form.back()


@router.post("/lista/a-mi-cargo")
def take_charge(
    request: Request,
    service: CurrentService,
    caller: Annotated[Caller, having("feedback")],
    form: Annotated[ChargeForm, Form()],
) -> Response:
    """Put the caller or a colleague in charge of a child's case, and go back to the list."""
    forms.verify_seal(request, service, caller, "lista", form.seal)
    child = visible_child(service, caller.needs("education"), form.child)
    assign_case(service, caller, child, form.to.strip() or caller.called)
    return form.back(form.child)


def _page(service: Service, caller: Caller, choice: ListChoice) -> str:
    today = service.settings.today()
    places = worklist.places(service.children, caller)
    place = worklist.chosen_place(places, choice.place)
    found = work(service, place)
    why = service.named.reason(caller.name)
    end = choice.begun + SHOWN
    # who searches may search by name, but sees and leaves in the log only what is found
    searched = _with_names(service, found)[0] if why and choice.text else found
    wanted = worklist.chosen(searched, choice, caller)
    shown, is_busy = named(service, caller, wanted[choice.begun : end], why)
    service.access_log.note(caller.name, "list", [item.child_key for item in shown], f"lista {place} {choice.begun}")
    return forms.render(
        "lista.html",
        service,
        caller=caller,
        day=f"{wording.weekday(today)} {wording.long_day(today)}",
        places=places,
        place=place,
        choice=choice,
        items=shown,
        n_wanted=len(wanted),
        seen=choice.beginning_at(choice.begun),
        following=choice.beginning_at(end) if len(wanted) > end else "",
        counts=worklist.count(found),
        schools=_schools(found),
        colleagues=_colleagues(found, caller),
        grades=sorted({item.grade_name for item in found if item.grade_name}),
        states=words.of_kind("list", "state"),
        needs=words.of_kind("list", "need"),
        orders=words.of_kind("list", "order"),
        why=why,
        is_busy=is_busy,
        may_reveal="identity" in caller.scopes,
        may_record="feedback" in caller.scopes,
        seal=forms.seal(service, caller, "lista"),
    )


def work(service: Service, place: str) -> list[WorkItem]:
    """Return the work of a place, with what was recorded since the release; none of no place."""
    if not place:
        return []
    found = worklist.items(service.children, place, service.settings.today())
    return worklist.with_visits(found, service.visit_book.pending([item.child_key for item in found]))


def named(
    service: Service, caller: Caller, shown: Sequence[WorkItem], why: str | None
) -> tuple[Sequence[WorkItem], bool]:
    """Return work with names, once this look is logged; without a reason as it is.

    Returns:
        The work, and whether its names cannot be read at the moment.
    """
    if not why or not shown:
        return shown, False
    service.access_log.note(caller.name, "identity", [item.child_key for item in shown], why)
    return _with_names(service, shown)


def _with_names(service: Service, found: Sequence[WorkItem]) -> tuple[Sequence[WorkItem], bool]:
    if service.settings.names is None:
        return found, True
    try:
        known = service.settings.names([int(item.child_key) for item in found])
    except Busy:
        return found, True
    return worklist.with_names(found, {str(key): name for key, name in known.items()}), False


def _colleagues(found: Sequence[WorkItem], caller: Caller) -> list[str]:
    """Return who else is in charge of somebody here."""
    return sorted({item.assigned_to for item in found if item.assigned_to} - {caller.called})


def _schools(found: Sequence[WorkItem]) -> dict[str, str]:
    """Return the schools that a list can be narrowed to, by name."""
    names = {item.service_code: item.school_name for item in found if item.service_code}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))
