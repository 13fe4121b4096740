"""Visits and what came of them: the form on a child's page, checked and delivered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from service import forms
from service.access import Caller
from service.children import PublishedChild
from service.problems import Problem
from service.routes import visible_child
from service.schemas import ChildKey
from service.service import CurrentService, having
from warehouse import clock

STATES = {
    "ASIGNADO": "Lo tengo a mi cargo",
    "CONTACTADO": "Hablé con la familia",
    "ATENDIDO": "Recibió un servicio",
    "DESCARTADO": "No corresponde",
    "CERRADO": "Caso cerrado",
}
SUPPORTS = {"TUTOR": "Tutoría", "VISITA": "Visita domiciliaria", "REFUERZO": "Reforzamiento"}
DISMISSALS = {
    "YA_ATENDIDO": "ya estaba atendido",
    "NO_UBICADO": "no se le ubicó",
    "TRASLADADO": "se trasladó",
    "DATO_ERRADO": "el dato era errado",
    "NO_ACEPTA": "la familia no acepta",
    "OTRO": "otro",
}
router = APIRouter(include_in_schema=False)


class FollowUpForm(BaseModel):
    """The form of a case's follow-up."""

    seal: str
    matter: str
    state: str
    on: date
    service: str = ""
    reason: str = ""


@router.post("/ficha/{key}/seguimiento")
def record(
    request: Request,
    service: CurrentService,
    key: ChildKey,
    caller: Annotated[Caller, having("feedback")],
    form: Annotated[FollowUpForm, Form()],
) -> Response:
    """Record the follow-up of a case as a delivery; it lands like any other and shows after the next refresh."""
    forms.verify_seal(request, service, caller, key, form.seal)
    child = visible_child(service, caller.needs("education"), key)
    event = _event(child, form, service.settings.today())
    if service.settings.record is None:
        raise Problem(503, "nothing can be recorded here")
    service.access_log.note(caller.name, "feedback", key, f"{form.state} {form.on}")
    service.settings.record(event)
    return RedirectResponse(f"/ficha/{key}?guardado=true", 303)


def _event(child: PublishedChild, form: FollowUpForm, today: date) -> dict[str, Any]:
    """Return the event to record, by the columns of the contract of feedback; on no day after today.

    Raises:
        Problem: the contract does not know a value, or the case is not this child's.
    """
    name, _, year = form.matter.partition(":")
    cases = {(case["matter"], str(case["school_year"])) for case in child["cases"]}
    checks = {
        "asunto": (name, year) in cases,
        "qué pasó": form.state in STATES,
        "fecha": date(2018, 1, 1) <= form.on <= clock.today(),
        "servicio": (form.service in SUPPORTS) == (form.state == "ATENDIDO"),
        "motivo": (form.reason in DISMISSALS) == (form.state == "DESCARTADO"),
    }
    if wrong := [field for field, is_right in checks.items() if not is_right]:
        raise Problem(422, f"revise: {', '.join(wrong)} (servicio solo si se atendió, motivo solo si se descarta)")
    return {
        "ANIO": int(year),
        "COD_UGEL": child["ugel_code"],
        "NINO": int(child["child_key"]),
        "ASUNTO": name.upper(),
        "ESTADO": form.state,
        "FECHA": min(form.on, today),
        "SERVICIO": form.service or None,
        "MOTIVO": form.reason or None,
    }
