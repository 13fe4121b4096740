"""The sheet of a child's visit, to print: without the name, or with it for a reason that is logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from service import forms, wording
from service.access import Caller
from service.children import PublishedChild
from service.language import CURRENT
from service.routes import identity_of, visible_child
from service.schemas import ChildKey
from service.service import CurrentService, Service, having
from warehouse.paper import qr, words
from warehouse.paper.words import School

NOBODY: Mapping[str, Any] = {}
router = APIRouter(include_in_schema=False)
Sees = Annotated[Caller, having("education")]


@router.get("/ficha/{key}/hoja")
def sheet(service: CurrentService, key: ChildKey, caller: Sees) -> HTMLResponse:
    """A sheet for a visit; the name is written by hand."""
    child = visible_child(service, caller, key)
    service.access_log.note(caller.name, "child", key, "hoja de visita")
    return HTMLResponse(_sheet(service, caller, child))


@router.post("/ficha/{key}/hoja/nombre")
def named_sheet(
    request: Request,
    service: CurrentService,
    key: ChildKey,
    caller: Sees,
    seal: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The sheet with names, for a reason that is logged."""
    forms.verify_seal(request, service, caller, key, seal)
    child = visible_child(service, caller, key)
    if error := forms.wrong_reason(request, why):
        return HTMLResponse(_sheet(service, caller, child, why=why, error=error), 422)
    return HTMLResponse(_sheet(service, caller, child, identity_of(service, caller, key, why), why=why))


def _sheet(
    service: Service,
    caller: Caller,
    child: PublishedChild,
    name: Mapping[str, Any] = NOBODY,
    *,
    why: str = "",
    error: str = "",
) -> str:
    listed = child["listed"] or {}
    places = _places(service, child)
    language = CURRENT.get()
    parts = (name.get("given_names"), name.get("first_surname"), name.get("second_surname"))
    return forms.render(
        "hoja.html",
        service,
        child=child,
        w=words.texts(language)["sheet"],
        name=" ".join(filter(None, parts)),
        guardian=name.get("guardian"),
        grade=words.grade_and_section(listed.get("grade"), listed.get("section"), language),
        reasons=words.reasons(listed.get("reason_text")),
        actions=words.actions(listed.get("action_text"), child["services"]),
        contacts=[f"{wording.long_day(on)}: {text}" for on, text in words.contacts(child["cases"], language)],
        valid=wording.long_day(listed["expires_on"]) if listed else "",
        qr=qr.svg(qr.page_of(child["child_key"])),
        seal=forms.seal(service, caller, child["child_key"]),
        may_reveal="identity" in caller.scopes,
        why=why,
        why_error=error,
        school=places["school"],
        ugel=places["ugel"],
    )


def _places(service: Service, child: PublishedChild) -> dict[str, str]:
    """Return the child's school and UGEL by name, as far as the release names them."""
    code = child["service_code"]
    row = service.children.school(code)
    found = School(row["school_name"], row["district_name"], row["ugel_name"]) if row else None
    ugel = words.ugel(found.ugel) if found and found.ugel else None
    return {
        "school": words.school(code, found, CURRENT.get()) if code else "",
        "ugel": ugel or f"UGEL {child['ugel_code']}",
    }
