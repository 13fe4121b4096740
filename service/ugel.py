"""The page of a UGEL's director: schools, how far the work is, needs without a service."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from service import forms, wording, words, worklist
from service.access import Caller, Refused
from service.mylist import work
from service.published import PublishedFile
from service.service import CurrentService, Service, having
from service.settings import Busy
from service.worklist import WorkItem
from warehouse import reasons
from warehouse.errors import UsageError

SCHOOLS = """
select s.school_name, s.district_name, l.service_code,
  s.level_name, l.n_pupils
from school_lists as l left join schools as s using (service_code)
where l.ugel_code = ? and l.as_of_date = (select max(as_of_date) from school_lists)
"""
NEEDS = """
select tutor_text, any_value(need_text) as need_text, any_value(who_acts) as who_acts,
  count(distinct child_key) as n_children
from suggested_services where ugel_code = ? and as_of_date = (select max(as_of_date) from suggested_services)
group by tutor_text order by n_children desc, tutor_text
"""
CHILDREN = "select distinct child_key from cases where ugel_code = ?"
MOST_CHILDREN = 9999  # a UGEL's staff visit; more is a slip of the pen
router = APIRouter(include_in_schema=False)


class Where(BaseModel):
    """The UGEL that a director of several chose."""

    place: str = Field(default="", max_length=20)
    saved: bool = False


class CapacityForm(BaseModel):
    """How many children a UGEL can visit, as somebody typed it; wrong values come back beside their field."""

    seal: str
    place: str = Field(default="", max_length=20)
    n_children: str = Field(default="", max_length=10)
    valid_from: str = Field(default="", max_length=10)
    why: str = Field(default="", max_length=1000)


NOTHING = CapacityForm(seal="")


@router.get("/ugel")
def ugel(
    service: CurrentService, caller: Annotated[Caller, having("planning")], where: Annotated[Where, Query()]
) -> HTMLResponse:
    """All schools of a UGEL, and the state of its work; no child is named."""
    return HTMLResponse(_page(service, caller, where))


@router.post("/ugel/capacidad")
def state_capacity(
    request: Request,
    service: CurrentService,
    caller: Annotated[Caller, having("planning")],
    form: Annotated[CapacityForm, Form()],
) -> Response:
    """State how many children a UGEL can visit per list, from a day on; the next build takes it up."""
    forms.verify_seal(request, service, caller, "ugel", form.seal)
    where = Where(place=form.place, saved=True)
    if form.place not in _places(service, caller):
        raise Refused(403, "this UGEL is none of yours")
    if wrong := _capacity_fault(service, caller, form):
        return HTMLResponse(_page(service, caller, where, form=form, wrong=wrong), 422)
    service.access_log.note(caller.name, "ugel", None, f"{form.place}: {form.n_children} from {form.valid_from}")
    return RedirectResponse(f"/ugel?{urlencode({'place': form.place, 'saved': 'true'})}", 303)


def _capacity_fault(service: Service, caller: Caller, form: CapacityForm) -> tuple[str, str] | None:
    """State a capacity; return the field that is wrong and what to do, or None once it stands."""
    if not form.n_children.isdecimal() or not 1 <= int(form.n_children) <= MOST_CHILDREN:
        return "n_children", _said("wrong_number").format(most=MOST_CHILDREN)
    try:
        valid_from = date.fromisoformat(form.valid_from)
    except ValueError:
        return "valid_from", _said("wrong_day")
    if not reasons.is_stated(" ".join(form.why.split())):
        return "why", _said("wrong_why")
    return _stated(service, caller, form, valid_from)


def _stated(service: Service, caller: Caller, form: CapacityForm, valid_from: date) -> tuple[str, str] | None:
    if service.settings.state_capacity is None:
        return "n_children", _said("not_here")
    try:
        service.settings.state_capacity(form.place[5:], int(form.n_children), valid_from, caller.called, form.why)
    except Busy:
        return "n_children", _said("busy")
    except UsageError:
        return "n_children", _said("not_new")
    return None


def _said(name: str) -> str:
    return words.texts("ugel")[name]


def _places(service: Service, caller: Caller) -> dict[str, str]:
    return {code: name for code, name in worklist.places(service.children, caller).items() if code[:5] == "ugel:"}


def _page(
    service: Service,
    caller: Caller,
    where: Where,
    *,
    form: CapacityForm = NOTHING,
    wrong: tuple[str, str] | None = None,
) -> str:
    places = _places(service, caller)
    place = worklist.chosen_place(places, where.place)
    today = service.settings.today()
    found = work(service, place)
    service.access_log.note(caller.name, "ugel", None, place)
    return forms.render(
        "ugel.html",
        service,
        caller=caller,
        places=places,
        place=place,
        counts=worklist.count(found),
        by_state=_by_state(found),
        month=wording.month_name(_last_month(today)[0]),
        visits=_visits(service, place, today),
        people=_people(found),
        schools=_schools(service.children, place, found),
        needs=service.children.query(NEEDS, [place[5:]]),
        n_capacity=sum(item.is_within_capacity and item.rank is not None for item in found),
        today=today,
        form=form,
        wrong=dict([wrong]) if wrong else {},
        is_saved=where.saved and not wrong,
        seal=forms.seal(service, caller, "ugel"),
    )


def _by_state(found: list[WorkItem]) -> dict[str, int]:
    """Return how many children are in each state, of those whom somebody can visit."""
    due = [item.state for item in found if item.is_within_capacity]
    return {text: due.count(state) for state, text in words.of_kind("list", "state").items() if state in due}


def _last_month(today: date) -> tuple[date, date]:
    """Return the first and the last day of the month before."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _visits(service: Service, place: str, today: date) -> list[tuple[str, int]]:
    """Return how many visits of last month had each outcome, the commonest first."""
    first, last = _last_month(today)
    children = [row["child_key"] for row in service.children.query(CHILDREN, [place[5:]])]
    lines = service.visit_book.lines(children)
    return Counter(line.said for line in lines if line.outcome and first <= line.on <= last).most_common()


def _people(found: list[WorkItem]) -> list[tuple[str, int, int]]:
    """Return who is in charge of how many children who are still to be seen, and of how many in all."""
    of_all = Counter(item.assigned_to for item in found if item.assigned_to)
    still = Counter(item.assigned_to for item in found if item.assigned_to and item.is_open)
    return [(who, still[who], n) for who, n in of_all.most_common()]


def _schools(published: PublishedFile, place: str, found: list[WorkItem]) -> list[dict[str, Any]]:
    """Return the schools with how many of their children are to be seen, and wait for a first contact."""
    due = [item for item in found if item.is_within_capacity]
    n_due = Counter(item.service_code for item in due)
    n_waiting = Counter(item.service_code for item in due if item.contacted_on is None)
    unnamed = words.texts("list")["unknown_service"]
    schools = [
        row
        | {"n_due": n_due[row["service_code"]], "n_waiting": n_waiting[row["service_code"]]}
        | {"school_name": row["school_name"] or unnamed.format(code=row["service_code"])}
        for row in published.query(SCHOOLS, [place[5:]])
    ]
    return sorted(schools, key=lambda row: (-row["n_waiting"], row["school_name"]))
