"""Pages of a child (Ficha) for a browser behind the identity provider's proxy: look, reveal, print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from service import forms, visits
from service.access import Caller
from service.children import PublishedChild, Row
from service.routes import identity_of, visible_child
from service.schemas import ChildKey
from service.service import CurrentService, Service, having

MONTHS = "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre".split()
SHOWN_MONTHS = 20
STYLE = (forms.HERE / "static" / "ficha.css").read_bytes()
HALVES = {"A": "primera mitad", "B": "año completo"}
MATTERS = {
    "interruption": "riesgo de interrumpir",
    "long_absence": "faltas prolongadas",
    "unregistered": "sin matrícula",
}
router = APIRouter(include_in_schema=False)


Sees = Annotated[Caller, having("education")]


@router.get("/static/ficha.css")
async def style() -> Response:
    """The style sheet of all pages, which anybody may ask for."""
    return Response(STYLE, media_type="text/css")


@router.get("/ficha/{key}")
def ficha(service: CurrentService, key: ChildKey, caller: Sees, guardado: bool = False) -> HTMLResponse:
    """A child's page, without the name."""
    child = visible_child(service, caller, key)
    service.access_log.note(caller.name, "child", key, "ficha")
    message = "Se guardó. Aparecerá aquí después de la próxima actualización." if guardado else ""
    return HTMLResponse(_page(service, caller, child, message=message))


@router.post("/ficha/{key}/nombre")
def reveal(
    request: Request,
    service: CurrentService,
    key: ChildKey,
    caller: Sees,
    seal: Annotated[str, Form()],
    why: Annotated[str, Form()],
) -> HTMLResponse:
    """The page with the name, for a reason that is logged."""
    forms.verify_seal(request, service, caller, key, seal)
    name = identity_of(service, caller, key, why)
    return HTMLResponse(_page(service, caller, visible_child(service, caller, key), name=name, why=why))


def _page(
    service: Service,
    caller: Caller,
    child: PublishedChild,
    *,
    message: str = "",
    name: Mapping[str, Any] | None = None,
    why: str = "",
) -> str:
    timeline = service.children.timeline(child["child_key"])
    return forms.render(
        "ficha.html",
        service,
        child=child,
        months=_months(timeline),
        others=_others(timeline),
        told=message,
        name=name,
        why=why,
        seal=forms.seal(service, caller, child["child_key"]),
        may_reveal="identity" in caller.scopes,
        may_record="feedback" in caller.scopes,
        matters=MATTERS,
        states=visits.STATES,
        supports=visits.SUPPORTS,
        dismissals=visits.DISMISSALS,
        today=service.settings.today(),
    )


def _is_noted(event: Mapping[str, Any]) -> bool:
    """Say whether this is a month with noted attendance: an empty month is unknown, not full attendance."""
    return event["kind"] == "asistencia" and bool(event["out_of"]) and event["amount"] is not None


def _months(timeline: list[Row]) -> list[Row]:
    noted = list(filter(_is_noted, timeline))
    return [event | _month(event) for event in noted[-SHOWN_MONTHS:]]


def _month(event: Mapping[str, Any]) -> Row:
    """Return a month's attendance share and name."""
    day: date = event["happened_on"]
    name = MONTHS[day.month - 1]
    return {
        "share": 1 - event["amount"] / event["out_of"],
        "letter": name[0].upper(),
        "name": f"{name} de {day.year}",
    }


def _others(timeline: list[Row]) -> list[Row]:
    """Return the events other than attendance, the newest first."""
    events = [event | {"text": _text(event)} for event in timeline if event["kind"] != "asistencia"]
    return events[::-1]


def _text(event: Mapping[str, Any]) -> str:
    year, _, rest = event["detail"].partition(" ")
    if event["kind"] == "notas":
        return (
            f"{year}, {HALVES.get(rest, rest)}: {event['amount']} de {event['out_of']} áreas por debajo de lo esperado"
        )
    service, _, grade = rest.rpartition(" ")
    return f"matrícula {year}: grado {grade} en el servicio {service}"
