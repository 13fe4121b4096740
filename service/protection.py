"""Pages of the protection offices: who waits, a child's open cases, and whose a record without a document is.

Nothing of them is on the education pages, and nothing of those is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service import forms
from service.access import Caller
from service.problems import Problem
from service.routes import Asked, justified, revealed
from service.schemas import ChildKey
from service.service import Service, having

AT_ONCE = 100
STATES = {"ABIERTO": "abierto", "EN ATENCION": "en atención"}
LINKAGES = {"document": "por documento", "linked": "por vínculo", "review": "por revisar", "unknown": "sin candidato"}
DECISIONS = {"VINCULAR": "Es la misma persona", "SEPARAR": "No es esta persona"}
COMPARED = {
    "given_names": "Nombres", "first_surname": "Apellido paterno", "second_surname": "Apellido materno",
    "birth_date": "Fecha de nacimiento", "district": "Distrito (ubigeo)",
}  # fmt: skip
UNSEEN = "nothing is published of these offices to you"
router = APIRouter()
Sees = Annotated[Caller, having("protection")]
Area = Annotated[str, Path(pattern=r"^[0-9]{4}$", examples=["1501"], description="Province, INEI coding")]
Case = Annotated[str, Path(pattern=r"^[A-Z]{3,6}-[A-Za-z0-9_.-]{1,120}-[0-9]{1,9}$")]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/v1/protection/{area}/cases", tags=["protection"])
def cases(
    asked: Asked, area: Area, who: Sees, limit: Annotated[int, Query(ge=1, le=500)] = AT_ONCE, offset: Offset = 0
) -> dict[str, Any]:
    """Open cases of a province's protection offices, those that have waited longest first; never ranked by a score."""
    _in_area(asked, who, area)
    found = asked.offices.cases(area, limit, offset)
    asked.journal.note(who.name, "offices", None, f"{area}: {len(found)} from {offset}")
    return {"cases": found, "next_offset": offset + limit if len(found) == limit else None}


@router.get("/proteccion", include_in_schema=False)
def choose(asked: Asked, who: Sees) -> Response:
    """The provinces that the caller may see; the page itself where it is one."""
    areas = asked.offices.areas(who)
    if len(areas) == 1:
        return RedirectResponse(f"/proteccion/{areas[0]}", 303)
    return HTMLResponse(forms.render("provincias.html", asked, areas=areas))


@router.get("/proteccion/{area}", include_in_schema=False)
def office(asked: Asked, area: Area, who: Sees, desde: Offset = 0, guardado: bool = False) -> HTMLResponse:
    """Who waits at a province's offices, and what must be decided there."""
    _in_area(asked, who, area)
    found = asked.offices.cases(area, AT_ONCE, desde)
    asked.journal.note(who.name, "offices", None, f"{area}: {len(found)} from {desde}")
    waiting, reports = asked.offices.counts(area)
    return HTMLResponse(forms.render(
        "proteccion.html", asked, area=area, cases=found, reviews=asked.offices.reviews(area, AT_ONCE), waiting=waiting,
        reports=reports, states=STATES, linkages=LINKAGES, begun=desde, saved=guardado,
        following=desde + AT_ONCE if len(found) == AT_ONCE else None,
    ))  # fmt: skip


@router.get("/proteccion/{area}/ficha/{key}", include_in_schema=False)
def ficha(asked: Asked, area: Area, key: ChildKey, who: Sees) -> HTMLResponse:
    """A child's open cases at these offices, without the name."""
    given = _child(asked, who, area, key)
    asked.journal.note(who.name, "child", key, f"ficha de protección {area}")
    return HTMLResponse(_child_page(asked, who, area, key, given))


@router.post("/proteccion/{area}/ficha/{key}/nombre", include_in_schema=False)
def reveal(
    request: Request, asked: Asked, area: Area, key: ChildKey, who: Sees, seal: Annotated[str, Form()],
    why: Annotated[str, Form()],
) -> HTMLResponse:  # fmt: skip
    """The page with the name, for a reason that is logged."""
    forms.own(request, asked, who, key, seal)
    given = _child(asked, who.needs("identity"), area, key)
    name = revealed(asked, who, key, why)
    return HTMLResponse(_child_page(asked, who, area, key, given, name, why))


@router.get("/proteccion/{area}/revision/{case}", include_in_schema=False)
def review(asked: Asked, area: Area, case: Case, who: Sees) -> HTMLResponse:
    """What is known of a case whose child nobody is sure of; the names are compared for a reason."""
    found = _to_review(asked, who, area, case)
    asked.journal.note(who.name, "offices", None, f"{area}: {case}")
    return HTMLResponse(_review_page(asked, who, area, found))


@router.post("/proteccion/{area}/revision/{case}", include_in_schema=False)
def compare(
    request: Request, asked: Asked, area: Area, case: Case, who: Sees, seal: Annotated[str, Form()],
    why: Annotated[str, Form()],
) -> HTMLResponse:  # fmt: skip
    """The record and the pupil that it may be of, side by side, for a reason that is logged."""
    forms.own(request, asked, who, case, seal)
    found = _to_review(asked, who.needs("identity"), area, case)
    justified(asked, who, why)
    return HTMLResponse(_review_page(asked, who, area, found, _pair(asked, who, case, why), why))


@router.post("/proteccion/{area}/revision/{case}/decision", include_in_schema=False)
def decide(
    request: Request, asked: Asked, area: Area, case: Case, who: Annotated[Caller, having("feedback")],
    seal: Annotated[str, Form()], child: Annotated[str, Form(pattern=r"^[0-9]{1,16}$")],
    decision: Annotated[str, Form()],
) -> Response:  # fmt: skip
    """Record whose a case is as a delivery; it lands like any other and shows after the next refresh."""
    forms.own(request, asked, who, f"{case} {child}", seal)
    _to_review(asked, who.needs("protection").needs("identity"), area, case)
    if decision not in DECISIONS:
        raise Problem(422, "revise: la decisión")
    if asked.settings.decide is None:
        raise Problem(503, "nothing can be recorded here")
    asked.journal.note(who.name, "decision", child, f"{decision} {case}")
    file, line = _record(case)
    asked.settings.decide({"ARCHIVO": file, "LINEA": line, "NINO": int(child), "DECISION": decision,
                           "FECHA": datetime.now(UTC).date()})  # fmt: skip
    return RedirectResponse(f"/proteccion/{area}?guardado=true", 303)


def _in_area(asked: Service, who: Caller, area: str) -> None:
    """Let a caller pass to offices of theirs; those of others are as if there were none."""
    if area not in asked.offices.areas(who):
        raise Problem(404, UNSEEN)


def _child(asked: Service, who: Caller, area: str, key: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    _in_area(asked, who, area)
    found = asked.offices.of_child(area, key)
    if not any(found):
        raise Problem(404, "nothing is published of this child by these offices")
    return found


def _child_page(
    asked: Service, who: Caller, area: str, key: str, given: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    name: Mapping[str, Any] | None = None, why: str = "",
) -> str:  # fmt: skip
    return forms.render(
        "ficha_proteccion.html", asked, area=area, key=key, cases=given[0], referrals=given[1], states=STATES,
        linkages=LINKAGES, name=name, why=why, seal=forms.seal(asked, who, key), may_reveal="identity" in who.scopes,
    )  # fmt: skip


def _to_review(asked: Service, who: Caller, area: str, case: str) -> dict[str, Any]:
    _in_area(asked, who, area)
    found = asked.offices.case(area, case)
    if found is None or found["linkage"] != "review":
        raise Problem(404, "no review of this case waits")
    return found


def _record(case: str) -> tuple[str, int]:
    """Return file and line of a case's record, which its key names."""
    file, _, line = case.partition("-")[2].rpartition("-")
    return file, int(line)


def _pair(asked: Service, who: Caller, case: str, why: str) -> Any:  # noqa: ANN401  the warehouse's type, not ours
    if asked.settings.compare is None:
        raise Problem(503, "no vault is configured here")
    asked.journal.note(who.name, "review", None, f"{case}: {why.strip()}")
    found = asked.settings.compare(*_record(case))
    if found is None:
        raise Problem(404, "somebody has decided this already: it shows after the next refresh")
    return found


def _review_page(
    asked: Service, who: Caller, area: str, case: Mapping[str, Any], pair: Any = None, why: str = ""  # noqa: ANN401
) -> str:  # fmt: skip
    key = case["case_key"]
    return forms.render(
        "revision.html", asked, area=area, case=case, states=STATES, pair=pair, why=why, compared=COMPARED,
        decisions=DECISIONS, seal=forms.seal(asked, who, key), may_compare="identity" in who.scopes,
        sealed=forms.seal(asked, who, f"{key} {pair.child}") if pair else "", may_decide="feedback" in who.scopes,
    )  # fmt: skip
