"""The child's page (Ficha) for a browser behind the identity provider's proxy: look, reveal, record, print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from service import forms
from service.access import Caller
from service.problems import Problem
from service.routes import Asked, name_of, seen
from service.schemas import ChildKey
from service.service import Service, having

MONTHS = "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre".split()
SHOWN_MONTHS = 20
HALVES = {"A": "primera mitad", "B": "año completo"}
MATTERS = {
    "interruption": "riesgo de interrumpir",
    "long_absence": "faltas prolongadas",
    "unregistered": "sin matrícula",
}
STATES = {
    "ASIGNADO": "Lo tengo a mi cargo", "CONTACTADO": "Hablé con la familia", "ATENDIDO": "Recibió un servicio",
    "DESCARTADO": "No corresponde", "CERRADO": "Caso cerrado",
}  # fmt: skip
SUPPORTS = {"TUTOR": "Tutoría", "VISITA": "Visita domiciliaria", "REFUERZO": "Reforzamiento"}
DISMISSALS = {
    "YA_ATENDIDO": "ya estaba atendido", "NO_UBICADO": "no se le ubicó", "TRASLADADO": "se trasladó",
    "DATO_ERRADO": "el dato era errado", "NO_ACEPTA": "la familia no acepta", "OTRO": "otro",
}  # fmt: skip
router = APIRouter(include_in_schema=False)
Sees = Annotated[Caller, having("education")]


@router.get("/static/ficha.css")
def style() -> FileResponse:
    """How pages look."""
    return FileResponse(forms.HERE / "static" / "ficha.css", media_type="text/css")


@router.get("/ficha/{key}")
def ficha(asked: Asked, key: ChildKey, who: Sees, guardado: bool = False) -> HTMLResponse:
    """A child's page, without the name."""
    child = seen(asked, who, key)
    asked.journal.note(who.name, "child", key, "ficha")
    told = "Se guardó. Aparecerá aquí después de la próxima actualización." if guardado else ""
    return HTMLResponse(_page(asked, who, child, told=told))


@router.get("/ficha/{key}/hoja")
def sheet(asked: Asked, key: ChildKey, who: Sees) -> HTMLResponse:
    """A sheet to print for a visit; the name is written by hand."""
    child = seen(asked, who, key)
    asked.journal.note(who.name, "child", key, "hoja de visita")
    return HTMLResponse(forms.render("hoja.html", asked, child=child))


@router.post("/ficha/{key}/nombre")
def reveal(
    request: Request, asked: Asked, key: ChildKey, who: Sees, seal: Annotated[str, Form()], why: Annotated[str, Form()]
) -> HTMLResponse:
    """The page with the name, for a reason that is logged."""
    forms.own(request, asked, who, key, seal)
    name = name_of(asked, who, key, why)
    return HTMLResponse(_page(asked, who, seen(asked, who, key), name=name, why=why))


@router.post("/ficha/{key}/seguimiento")
def record(
    request: Request,
    asked: Asked,
    key: ChildKey,
    who: Annotated[Caller, having("feedback")],
    seal: Annotated[str, Form()],
    matter: Annotated[str, Form()],
    state: Annotated[str, Form()],
    on: Annotated[date, Form()],
    service: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Record what came of a case as a delivery; it lands like any other and shows after the next refresh."""
    forms.own(request, asked, who, key, seal)
    child = seen(asked, who.needs("education"), key)
    event = _event(child, matter, state, on, service, reason)
    if asked.settings.record is None:
        raise Problem(503, "nothing can be recorded here")
    asked.journal.note(who.name, "feedback", key, f"{state} {on}")
    asked.settings.record(event)
    return RedirectResponse(f"/ficha/{key}?guardado=true", 303)


def _event(
    child: Mapping[str, Any], matter: str, state: str, on: date, service: str, reason: str
) -> dict[str, Any]:  # fmt: skip
    """Return what is recorded, checked against what may be.

    Raises:
        Problem: a value is none that the contract of feedback knows, or the case is not this child's.
    """
    name, _, year = matter.partition(":")
    known = {(case["matter"], str(case["school_year"])) for case in child["cases"]}
    fits = {
        "asunto": (name, year) in known,
        "qué pasó": state in STATES,
        "fecha": date(2018, 1, 1) <= on <= datetime.now(UTC).date(),
        "servicio": (service in SUPPORTS) == (state == "ATENDIDO"),
        "motivo": (reason in DISMISSALS) == (state == "DESCARTADO"),
    }
    if wrong := [field for field, does_fit in fits.items() if not does_fit]:
        raise Problem(422, f"revise: {', '.join(wrong)} (servicio solo si se atendió, motivo solo si se descarta)")
    return {"ANIO": int(year), "COD_UGEL": child["ugel_code"], "NINO": int(child["child_key"]), "ASUNTO": name.upper(),
            "ESTADO": state, "FECHA": on, "SERVICIO": service or None, "MOTIVO": reason or None}  # fmt: skip


def _page(
    asked: Service, who: Caller, child: Mapping[str, Any], told: str = "", name: Mapping[str, Any] | None = None,
    why: str = "",
) -> str:  # fmt: skip
    happened, may = asked.children.timeline(child["child_key"]), who.scopes
    return forms.render(
        "ficha.html", asked, child=child, months=_months(happened), others=_others(happened), told=told, name=name,
        why=why, seal=forms.seal(asked, who, child["child_key"]), may_reveal="identity" in may,
        may_record="feedback" in may, matters=MATTERS, states=STATES, supports=SUPPORTS, dismissals=DISMISSALS,
        today=datetime.now(UTC).date(),
    )  # fmt: skip


def _is_noted(event: Mapping[str, Any]) -> bool:
    """Return whether this is a month of attendance of which something is known: nothing noted is not nobody missing."""
    return event["kind"] == "asistencia" and bool(event["out_of"]) and event["amount"] is not None


def _months(happened: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = list(filter(_is_noted, happened))
    return [
        event | {
            "share": 1 - event["amount"] / event["out_of"],
            "letter": MONTHS[event["happened_on"].month - 1][0].upper(),
            "name": f"{MONTHS[event['happened_on'].month - 1]} de {event['happened_on'].year}",
        }
        for event in found[-SHOWN_MONTHS:]
    ]  # fmt: skip


def _others(happened: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [event | {"text": _said(event)} for event in happened if event["kind"] != "asistencia"]
    return found[::-1]


def _said(event: Mapping[str, Any]) -> str:
    year, _, rest = event["detail"].partition(" ")
    if event["kind"] == "notas":
        return (
            f"{year}, {HALVES.get(rest, rest)}: {event['amount']} de {event['out_of']} áreas por debajo de lo esperado"
        )
    service, _, grade = rest.rpartition(" ")
    return f"matrícula {year}: grado {grade} en el servicio {service}"
