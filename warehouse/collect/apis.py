"""The three APIs, each as pages of rows whose keys are the contract's columns and `_period`, `_delivered`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from warehouse.collect.client import Api, Client, CollectFailed
from warehouse.collect.work import Work
from warehouse.contracts import Contract

if TYPE_CHECKING:  # imported only when it is called
    from requests import Response

PAGE = 50  # ESCALE gives no more at once
Row = dict[str, Any]


def _checked(response: Response, api: Api) -> Response:
    """Return the response if it is one.

    Raises:
        CollectFailed: the API refused or is down; the answer's text may hold a child's data and is not shown.
    """
    if response.status_code in (401, 403):
        raise CollectFailed(f"{api.name} refuses the token: see QHAWAQ_{api.name.upper()}_TOKEN (or …_TOKEN_FILE)")
    if response.status_code != 200:
        raise CollectFailed(
            f"{api.name} answers {response.status_code} after several tries: call 'qhawaq collect' again"
        )
    return response


def juntos(api: Api, client: Client, work: Work, known: set[str], today: date) -> None:
    """Collect the roll of JUNTOS, page by page by cursor."""
    cursor, over = work.position().get("cursor"), work.position().get("over", False)
    while not over:
        response = _checked(client.get("padron", params={"cursor": cursor} if cursor else {}), api)
        answer = response.json()
        cursor, over = answer["siguiente"], answer["siguiente"] is None
        fresh = [row for row in answer["datos"] if f"{row['_period']}/{row['_delivered']}" not in known]
        work.add(fresh, cursor=cursor, over=over)


def demuna(api: Api, client: Client, work: Work, known: set[str], today: date) -> None:
    """Collect the cases of DEMUNA published since the last time, page by page."""
    since = max((part.split("/")[1] for part in known), default="")
    position = work.position()
    page, pages = position.get("page", 0), position.get("of", 1)
    while page < pages:
        response = _checked(client.get("casos", params={"desde": since, "pagina": page + 1}), api)
        answer = response.json()
        page, pages = page + 1, answer["paginas"]
        work.add(answer["datos"], page=page, of=pages)


def escale(api: Api, client: Client, work: Work, known: set[str], today: date) -> None:
    """Collect the school register: of each district, then of each UGEL (the answer leaves both empty).

    Raises:
        CollectFailed: a district has not as many schools as the count says.
    """
    if f"{today.year}/{today}" in known:
        return
    units = [("ubigeo", code) for code in _checked(client.get("distritos"), api).json()]
    units += [("ugel", code) for code in _checked(client.get("ugels"), api).json()]
    for kind, code in units[work.position().get("units", 0) :]:
        rows = _counted(api, client, kind, code)
        done = work.position().get("units", 0) + 1
        work.add([_flat(row, kind, code, today) for row in rows], units=done)


def _counted(api: Api, client: Client, kind: str, code: str) -> list[Row]:
    """Return the schools of a unit, as many as its count says."""
    rows = list(_schools(api, client, kind, code))
    counted = _checked(client.get("instituciones/cuenta", params={kind: code}, accept="text/plain"), api)
    if int(counted.text) != len(rows):
        raise CollectFailed(f"escale: {kind} {code} has {counted.text} schools, {len(rows)} came: call it again")
    return rows


def _schools(api: Api, client: Client, kind: str, code: str) -> Iterator[Row]:
    """Yield the schools of a district or UGEL, 50 at a time."""
    start = 0
    while True:
        answer = client.get("instituciones", params={kind: code, "start": start, "campos": "estadistica"})
        rows = _checked(answer, api).json()
        yield from rows
        if len(rows) < PAGE:
            return
        start += PAGE


def _flat(row: Row, kind: str, code: str, today: date) -> Row:
    """Write nested statistics as columns, and what was asked for as `consulta_…`."""
    statistics = {f"estadistica_{name}": value for name, value in (row.get("estadistica") or {}).items()}
    plain = {name: value for name, value in row.items() if name != "estadistica"}
    return plain | statistics | {f"consulta_{kind}": code, "_period": str(today.year), "_delivered": str(today)}


def merged(rows: Iterator[Row], contract: Contract) -> list[Row]:
    """Return one row per key of the contract: what was asked by district and by UGEL comes together."""
    found: dict[tuple, Row] = defaultdict(dict)
    for row in rows:
        lower = {name.lower(): value for name, value in row.items() if value is not None}
        found[lower["_period"], lower["_delivered"], *map(lower.get, contract.key)].update(lower)
    return list(found.values())
