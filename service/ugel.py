"""The page of a UGEL's director: schools, how far the work is, needs without a service."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from service import forms, worklist
from service.access import Caller
from service.mylist import work
from service.published import PublishedFile
from service.service import CurrentService, Service, having
from service.worklist import WorkItem

SCHOOLS = """
select coalesce(s.school_name, 'servicio ' || l.service_code) as school_name, s.district_name, l.service_code,
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
router = APIRouter(include_in_schema=False)


class Where(BaseModel):
    """The UGEL that a director of several chose."""

    place: str = Field("", max_length=20)


@router.get("/ugel")
def ugel(
    service: CurrentService, caller: Annotated[Caller, having("planning")], where: Annotated[Where, Query()]
) -> HTMLResponse:
    """All schools of a UGEL, and the state of its work; no child is named."""
    places = {code: name for code, name in worklist.places(service.children, caller).items() if code[:5] == "ugel:"}
    place = where.place if where.place in places else next(iter(places), "")
    today = service.settings.today()
    found = work(service, place) if place else []
    service.access_log.note(caller.name, "ugel", None, place)
    return HTMLResponse(
        forms.render(
            "ugel.html",
            service,
            caller=caller,
            places=places,
            place=place,
            counts=worklist.count(found),
            by_state=_by_state(found),
            month=forms.month_name(_last_month(today)[0]),
            visits=_visits(service, place, today),
            people=_people(found),
            schools=_schools(service.children, place, found),
            needs=service.children.query(NEEDS, [place[5:]]),
        )
    )


def _by_state(found: list[WorkItem]) -> dict[str, int]:
    """Return how many children are in each state, of those whom somebody can visit."""
    due = [item.state for item in found if item.is_within_capacity]
    return {text: due.count(state) for state, text in worklist.STATES.items() if state in due}


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
    schools = [
        row | {"n_due": n_due[row["service_code"]], "n_waiting": n_waiting[row["service_code"]]}
        for row in published.query(SCHOOLS, [place[5:]])
    ]
    return sorted(schools, key=lambda row: (-row["n_waiting"], row["school_name"]))
