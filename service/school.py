"""The page of a tutor or a school's director: their own pupils who need company, without any score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from service import forms, worklist
from service.access import Caller
from service.mylist import named, work
from service.service import CurrentService, having
from service.ugel import Where
from service.worklist import WorkItem

SERVICES = """
select s.child_key, string_agg(s.tutor_text, ', ' order by s.support_code) as services
from suggested_services as s
where s.as_of_date = (select max(as_of_date) from suggested_services)
  and s.support_code in (select support_code from services where is_tutor_safe)
  and s.child_key in (select child_key from worklist where service_code = ?)
group by s.child_key
"""
router = APIRouter(include_in_schema=False)


@router.get("/escuela")
def school(
    service: CurrentService, caller: Annotated[Caller, having("tutoring")], where: Annotated[Where, Query()]
) -> HTMLResponse:
    """The pupils of one school who need company, by grade and section, with what was seen and what helps."""
    places = {code: name for code, name in worklist.places(service.children, caller).items() if code[:7] == "school:"}
    place = worklist.chosen_place(places, where.place)
    due = _due(work(service, place))
    why = service.named.reason(caller.name)
    shown, is_busy = named(service, caller, due, why)
    service.access_log.note(caller.name, "list", [item.child_key for item in shown], f"escuela {place}")
    return HTMLResponse(
        forms.render(
            "escuela.html",
            service,
            caller=caller,
            places=places,
            place=place,
            classes=_classes(shown),
            services={row["child_key"]: row["services"] for row in service.children.query(SERVICES, [place[7:]])},
            why=why,
            is_busy=is_busy,
            may_reveal="identity" in caller.scopes,
            seal=forms.seal(service, caller, "lista"),
        )
    )


def _due(found: Sequence[WorkItem]) -> list[WorkItem]:
    """Return who still needs somebody, by class: no order tells whose score is higher."""
    return sorted((item for item in found if item.is_within_capacity and item.is_open), key=worklist.by_class)


def _classes(shown: Sequence[WorkItem]) -> list[tuple[str, list[WorkItem]]]:
    return [(name, list(items)) for name, items in groupby(shown, lambda item: item.place)]
