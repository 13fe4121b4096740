"""Pages of the protection offices: waiting cases, a child's open cases, and reviews of links without a document.

The education pages show nothing of them, and these show nothing of education.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service import casework, forms, language, words
from service.access import Caller
from service.offices import OfficeChild
from service.problems import Problem, wants_page
from service.published import Row
from service.routes import children_of, require_reason, reveal_identity
from service.schemas import ChildKey
from service.service import CurrentService, Service, having

AT_ONCE = 100
UNSEEN = "nothing is published of these offices to you"
router = APIRouter()
Sees = Annotated[Caller, having("protection")]
Area = Annotated[str, Path(pattern=r"^[0-9]{4}$", examples=["1501"], description="Province, INEI coding")]
Case = Annotated[str, Path(pattern=r"^[A-Z]{3,6}-[A-Za-z0-9_.-]{1,120}-[0-9]{1,9}$")]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/v1/protection/{area}/cases", tags=["protection"])
def cases(
    service: CurrentService,
    area: Area,
    caller: Sees,
    limit: Annotated[int, Query(ge=1, le=500)] = AT_ONCE,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Open cases of a province's protection offices: what is due first, then who waits longest; no score ranks them."""
    _in_area(service, caller, area)
    cases = service.offices.cases(area, limit, offset)
    service.access_log.note(caller.name, "offices", children_of(cases), f"{area}: {len(cases)} from {offset}")
    return {"cases": cases, "next_offset": offset + limit if len(cases) == limit else None}


@router.get("/proteccion", include_in_schema=False)
def choose(service: CurrentService, caller: Sees) -> Response:
    """The provinces that the caller may see; the page itself where it is one."""
    areas = service.offices.areas(caller)
    if len(areas) == 1:
        return RedirectResponse(f"/proteccion/{areas[0]}", 303)
    return HTMLResponse(forms.render("provincias.html", service, caller=caller, areas=areas))


@router.get("/proteccion/{area}", include_in_schema=False)
def office(
    service: CurrentService, area: Area, caller: Sees, desde: Offset = 0, guardado: bool = False
) -> HTMLResponse:
    """The cases that wait at a province's offices, and the reviews to decide."""
    _in_area(service, caller, area)
    cases = service.offices.cases(area, AT_ONCE, desde)
    reviews = service.offices.reviews(area, AT_ONCE)
    reports = service.offices.reports(area, AT_ONCE)
    shown = cases + reviews + reports
    service.access_log.note(caller.name, "offices", children_of(shown), f"{area}: {len(cases)} from {desde}")
    counts = service.offices.counts(area, service.settings.today())
    page = forms.render(
        "proteccion.html",
        service,
        caller=caller,
        area=area,
        cases=cases,
        reviews=reviews,
        waiting=counts.reviews,
        reports=reports,
        counts=counts.due,
        **casework.of_cases(service, caller, shown)._asdict(),
        begun=desde,
        saved=guardado,
        following=desde + AT_ONCE if len(cases) == AT_ONCE else None,
    )
    return HTMLResponse(page)


@router.get("/proteccion/{area}/ficha/{key}", include_in_schema=False)
def ficha(service: CurrentService, area: Area, key: ChildKey, caller: Sees) -> HTMLResponse:
    """A child's open cases at these offices, without the name."""
    child = _child(service, caller, area, key)
    service.access_log.note(caller.name, "child", key, f"ficha de protección {area}")
    return HTMLResponse(_child_page(service, caller, area, key, child))


@router.post("/proteccion/{area}/ficha/{key}/nombre", include_in_schema=False)
def reveal(
    *,
    request: Request,
    service: CurrentService,
    area: Area,
    key: ChildKey,
    caller: Sees,
    seal: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The page with the name, for a reason that is logged."""
    forms.verify_seal(request, service, caller, key, seal)
    child = _child(service, caller.needs("identity"), area, key)
    if error := forms.wrong_reason(request, why):
        return HTMLResponse(_child_page(service, caller, area, key, child, why=why, error=error), 422)
    name = reveal_identity(service, caller, key, why)
    return HTMLResponse(_child_page(service, caller, area, key, child, name=name, why=why))


@router.get("/proteccion/{area}/revision/{case}", include_in_schema=False)
def review(service: CurrentService, area: Area, case: Case, caller: Sees) -> HTMLResponse:
    """A case with an uncertain link to a child; the names are compared for a reason."""
    reviewed = _to_review(service, caller, area, case)
    service.access_log.note(caller.name, "offices", children_of([reviewed]), f"{area}: {case}")
    return HTMLResponse(_review_page(service, caller, area, reviewed))


@router.post("/proteccion/{area}/revision/{case}", include_in_schema=False)
def compare(
    *,
    request: Request,
    service: CurrentService,
    area: Area,
    case: Case,
    caller: Sees,
    seal: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The record and its candidate, side by side, for a reason that is logged."""
    forms.verify_seal(request, service, caller, case, seal)
    reviewed = _to_review(service, caller.needs("identity"), area, case)
    if error := forms.wrong_reason(request, why):
        return HTMLResponse(_review_page(service, caller, area, reviewed, why=why, error=error), 422)
    why = require_reason(service, caller, why)
    pair = _pair(service, caller, case, why)
    return HTMLResponse(_review_page(service, caller, area, reviewed, pair, why))


@router.post("/proteccion/{area}/revision/{case}/decision", include_in_schema=False)
def decide(
    *,
    request: Request,
    service: CurrentService,
    area: Area,
    case: Case,
    caller: Annotated[Caller, having("feedback")],
    seal: Annotated[str, Form()],
    child: Annotated[str, Form(pattern=r"^[0-9]{1,16}$")],
    decision: Annotated[str, Form()] = "",
) -> Response:
    """Record the decision on a link as a delivery; it lands like any other and shows after the next refresh."""
    forms.verify_seal(request, service, caller, f"{case} {child}", seal)
    reviewed = _to_review(service, caller.needs("protection").needs("identity"), area, case)
    if decision not in words.of_kind("protection", "decide"):
        return _undecided(request, service, caller, area, reviewed)
    if service.settings.decide is None:
        raise Problem(503, "nothing can be recorded here")
    service.access_log.note(caller.name, "decision", child, f"{decision} {case}")
    file, line = casework.record(case)
    today = service.settings.today()
    service.settings.decide({"ARCHIVO": file, "LINEA": line, "NINO": int(child), "DECISION": decision, "FECHA": today})
    return RedirectResponse(f"/proteccion/{area}?guardado=true", 303)


def _undecided(request: Request, service: Service, caller: Caller, area: str, case: Row) -> Response:
    """Return the pair again, whose look was logged when it was shown, with what is wrong beside the decision.

    Raises:
        Problem: no page is asked for.
    """
    error = words.texts("visits")["wrong_decision"]
    if not wants_page(request):
        raise Problem(422, f"decision: {error}", said=error)
    why = words.texts("protection", language.SPANISH)["undecided_why"]  # as the access log has it
    pair = _pair(service, caller, case["case_key"], why)
    return HTMLResponse(_review_page(service, caller, area, case, pair, why, error=error), 422)


def _in_area(service: Service, caller: Caller, area: str) -> None:
    """Let a caller pass to offices of theirs; those of others are as if there were none."""
    if area not in service.offices.areas(caller):
        raise Problem(404, UNSEEN)


def _child(service: Service, caller: Caller, area: str, key: str) -> OfficeChild:
    _in_area(service, caller, area)
    child = service.offices.child(area, key)
    if not any(child):
        raise Problem(404, "nothing is published of this child by these offices")
    return child


def _child_page(
    service: Service,
    caller: Caller,
    area: str,
    key: str,
    child: OfficeChild,
    *,
    name: Mapping[str, Any] | None = None,
    why: str = "",
    error: str = "",
) -> str:
    return forms.render(
        "ficha_proteccion.html",
        service,
        caller=caller,
        area=area,
        key=key,
        cases=child.cases,
        referrals=child.referrals,
        **casework.of_cases(service, caller, child.cases)._asdict(),
        name=name,
        why=why,
        why_error=error,
        seal=forms.seal(service, caller, key),
        may_reveal="identity" in caller.scopes,
    )


def _to_review(service: Service, caller: Caller, area: str, case: str) -> Row:
    _in_area(service, caller, area)
    reviewed = service.offices.case(area, case)
    if reviewed is None or reviewed["linkage"] != "review":
        raise Problem(404, "no review of this case waits")
    return reviewed


def _pair(service: Service, caller: Caller, case: str, why: str) -> Any:  # noqa: ANN401  the warehouse's type, not ours
    if service.settings.compare is None:
        raise Problem(503, "no vault is configured here")
    pair = service.settings.compare(*casework.record(case))
    if pair is None:
        said = words.texts("visits")["decided"]
        raise Problem(404, "somebody has decided this already: it shows after the next refresh", said=said)
    service.access_log.note(caller.name, "review", str(pair.child), f"{case}: {why}")
    return pair


def _review_page(
    service: Service,
    caller: Caller,
    area: str,
    case: Row,
    pair: Any = None,  # noqa: ANN401  the warehouse's type, not ours
    why: str = "",
    error: str = "",
) -> str:
    key = case["case_key"]
    return forms.render(
        "revision.html",
        service,
        caller=caller,
        area=area,
        case=case,
        **casework.of_cases(service, caller, [case])._asdict(),
        pair=pair,
        why=why,
        error=error,
        compared=words.of_kind("protection", "compared"),
        decisions=words.of_kind("protection", "decide"),
        seal=forms.seal(service, caller, key),
        may_compare="identity" in caller.scopes,
        sealed=forms.seal(service, caller, f"{key} {pair.child}") if pair else "",
        may_decide="feedback" in caller.scopes,
    )
