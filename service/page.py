"""Pages of a child (Ficha) for a browser behind the identity provider's proxy: look, reveal, print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from service import forms, page_records, visits, wording, words
from service.access import Caller
from service.children import PublishedChild
from service.routes import identity_of, visible_child
from service.schemas import ChildKey
from service.service import CurrentService, Service, having

STYLE = (forms.HERE / "static" / "ficha.css").read_bytes()
router = APIRouter(include_in_schema=False)


Sees = Annotated[Caller, having("education")]


@router.get("/static/ficha.css")
async def style() -> Response:
    """The style sheet of all pages, which anybody may ask for."""
    return Response(STYLE, media_type="text/css")


@router.get("/ficha/{key}")
def ficha(
    *,
    service: CurrentService,
    key: ChildKey,
    caller: Sees,
    guardado: bool = False,
    retirado: bool = False,
    asignado: bool = False,
) -> HTMLResponse:
    """A child's page, without the name."""
    child = visible_child(service, caller, key)
    service.access_log.note(caller.name, "child", key, "ficha")
    said = {"saved": guardado, "taken_back": retirado, "assigned": asignado}
    message = next((words.texts("visits")[name] for name, is_so in said.items() if is_so), "")
    return HTMLResponse(_page(service, caller, child, message=message))


@router.post("/ficha/{key}/nombre")
def reveal(
    request: Request,
    service: CurrentService,
    key: ChildKey,
    caller: Sees,
    seal: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The page with the name, for a reason that is logged."""
    forms.verify_seal(request, service, caller, key, seal)
    child = visible_child(service, caller, key)
    if error := forms.wrong_reason(request, why):
        return HTMLResponse(_page(service, caller, child, why=why, error=error), 422)
    name = identity_of(service, caller, key, why)
    return HTMLResponse(_page(service, caller, child, name=name, why=why))


def _page(
    service: Service,
    caller: Caller,
    child: PublishedChild,
    *,
    message: str = "",
    name: Mapping[str, Any] | None = None,
    why: str = "",
    error: str = "",
) -> str:
    return forms.render(
        "ficha.html",
        service,
        caller=caller,
        child=child,
        records=page_records.shown(service.children.records(child["child_key"]), "welfare" in caller.scopes),
        wording=wording,
        told=message,
        name=name,
        why=why,
        seal=forms.seal(service, caller, child["child_key"]),
        may_reveal="identity" in caller.scopes,
        why_error=error,
        visits=visits.section(service, caller, child, why if name else ""),
    )
