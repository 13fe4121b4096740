"""The page of an auditor: where any number comes from, who looked at what, which releases were published."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from service import forms, wording, words
from service.access import Caller
from service.published import PublishedFile, Row
from service.service import CurrentService, Service, having
from service.settings import Busy
from warehouse.errors import NoSuchNumber, QhawaqError

LOG = logging.getLogger("qhawaq.serve")
ACCESSES = """
select access_kind, sum(n_accesses)::bigint as n_accesses, max(on_date) as last_on
from accesses group by access_kind order by n_accesses desc, access_kind
"""
RELEASES = "select published_release, published_at, n_files from release_history order by published_at desc limit 20"
DELIVERIES = """
select source, count(*) as n_files, sum(accepted_rows)::bigint as n_accepted,
  sum(quarantined_rows)::bigint as n_quarantined, max(delivered_at) as last_on
from deliveries group by source order by source
"""
EXAMPLES = (
    ("officials.indicators", "2024/00/B0/interruption", "example.indicator"),
    ("operations.control_totals", "2024/15/B0", "example.control"),
)
router = APIRouter(include_in_schema=False)


class Number(BaseModel):
    """The number whose way an auditor asks for."""

    table: str = Field("", max_length=100)
    key: str = Field("", max_length=300)


@router.get("/audit")
def audit(
    service: CurrentService, caller: Annotated[Caller, having("audit")], number: Annotated[Number, Query()]
) -> HTMLResponse:
    """Where a number comes from, and what was looked at, delivered and published."""
    walk, problem = _walk(service, caller, number) if number.table and number.key else ("", "")
    service.access_log.note(caller.name, "audit", None, f"{number.table} {number.key}".strip() or "page")
    file = service.operations
    return HTMLResponse(
        forms.render(
            "audit.html",
            service,
            caller=caller,
            number=number,
            walk=walk,
            problem=problem,
            examples=EXAMPLES,
            accesses=_rows(file, ACCESSES),
            releases=_rows(file, RELEASES),
            deliveries=_rows(file, DELIVERIES),
        ),
        422 if problem else 200,
    )


def _walk(service: Service, caller: Caller, number: Number) -> tuple[str, str]:
    """Return the way of a number, or what is wrong with the question."""
    said = words.texts("audit")
    if service.settings.trace is None:
        return "", said["no_warehouse"]
    if number.table.startswith("protection"):
        return "", said["protected"]
    try:
        return service.settings.trace(number.table, number.key, caller.name), ""
    except Busy:
        return "", said["busy"]
    except NoSuchNumber as error:
        return "", _missing(said, error)
    except QhawaqError as error:
        LOG.warning("a number could not be traced: %s", error)
        return "", said["failed"]


def _missing(said: dict[str, str], error: NoSuchNumber) -> str:
    """Say why there is no such number, in the language of the page."""
    n_columns = len(error.columns)
    n = wording.count(said, "n_values", n_columns)
    return said[error.kind].format(table=error.table, key=error.key, columns="/".join(error.columns), n=n)


def _rows(file: PublishedFile | None, sql: str) -> list[Row]:
    return file.query(sql) if file and file.path.exists() else []
