"""The three APIs as pages of rows; a row has the contract's columns, `_period` and `_delivered`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from warehouse.collect.client import JSON, Api, Client, CollectFailed
from warehouse.collect.work import Work
from warehouse.contracts import Contract

if TYPE_CHECKING:  # imported only when it is called
    from requests import Response

PAGE = 50  # ESCALE's largest page
Row = dict[str, Any]


@dataclass(frozen=True)
class Collection:
    """One collection from one API."""

    api: Api
    client: Client
    work: Work
    known: set[str]  # parts (see `part`) collected before
    today: date

    def get(self, path: str, params: Mapping[str, str | int] | None = None, accept: str = JSON) -> Response:
        """Return the API's successful response.

        Raises:
            CollectFailed: the API refused or is down.
        """
        return _checked(self.client.get(path, params, accept), self.api)

    def items(self, path: str, params: Mapping[str, str | int] | None = None) -> list[Any]:
        """Return the list that the API answers: plain, or as `items`, where a single one stands without a list.

        Raises:
            CollectFailed: the API refused, is down, or answers something else.
        """
        try:
            content = self.get(path, params).json()
        except ValueError:  # the answer may hold a person's data and is not shown
            raise CollectFailed(f"{self.api.name} answers {path} with no JSON: is its address right?") from None
        items = content.get("items") if isinstance(content, dict) else content
        return items if isinstance(items, list) else [items] if items else []


class Unit(NamedTuple):
    """A district or UGEL, by which schools are asked for."""

    kind: str  # `ubigeo` or `ugel`, the query's parameter
    code: str

    @property
    def query(self) -> dict[str, str | int]:
        """What asks for its schools that work: the closed ones are half as many again."""
        return {self.kind: self.code, "estados": 1}


class Catalog(NamedTuple):
    """A list of units that the register's API has."""

    path: str
    kind: str
    code: str  # the field of an entry's code


CATALOGS = (Catalog("distritos", "ubigeo", "idDistrito"), Catalog("ugels", "ugel", "idUgel"))

Collector = Callable[[Collection], None]


def part(period: str, delivered: date | str) -> str:
    """Return how `collected.json` names a period as of a date."""
    return f"{period}/{delivered}"


def _checked(response: Response, api: Api) -> Response:
    """Return a successful response.

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


def juntos(collection: Collection) -> None:
    """Collect the roll of JUNTOS, page by page by cursor."""
    position = collection.work.position()
    cursor = position.get("cursor")
    over = position.get("over", False)
    while not over:
        answer = collection.get("padron", {"cursor": cursor} if cursor else {}).json()
        cursor = answer["siguiente"]
        over = cursor is None
        new = [row for row in answer["datos"] if part(row["_period"], row["_delivered"]) not in collection.known]
        collection.work.add(new, cursor=cursor, over=over)


def demuna(collection: Collection) -> None:
    """Collect the cases of DEMUNA published since the last collection, page by page."""
    since = max((name.split("/")[1] for name in collection.known), default="")
    position = collection.work.position()
    page = position.get("page", 0)
    pages = position.get("of", 1)
    while page < pages:
        answer = collection.get("casos", {"desde": since, "pagina": page + 1}).json()
        page += 1
        pages = answer["paginas"]
        collection.work.add(answer["datos"], page=page, of=pages)


def escale(collection: Collection) -> None:
    """Collect the school register of each district, then of each UGEL (the answer leaves both columns empty).

    Raises:
        CollectFailed: the schools of a unit differ in number from the API's count.
    """
    if part(str(collection.today.year), collection.today) in collection.known:
        return
    units = [unit for catalog in CATALOGS for unit in _units(collection, catalog)]
    done = collection.work.position().get("units", 0)
    for number, unit in enumerate(units[done:], start=done + 1):
        rows = [_flat(row, unit, collection.today) for row in _counted(collection, unit)]
        collection.work.add(rows, units=number)


def _units(collection: Collection, catalog: Catalog) -> list[Unit]:
    """Return the districts or UGELs that the API knows.

    Raises:
        CollectFailed: an entry has no code.
    """
    codes = [item.get(catalog.code) if isinstance(item, dict) else item for item in collection.items(catalog.path)]
    if not all(codes):
        raise CollectFailed(f"{collection.api.name} lists {catalog.path} without {catalog.code}: its answers changed")
    return [Unit(catalog.kind, str(code)) for code in codes]


def _counted(collection: Collection, unit: Unit) -> list[Row]:
    """Return the schools of a unit, as many as the API counts."""
    rows = list(_schools(collection, unit))
    count = collection.get("instituciones/cuenta", unit.query, accept="text/plain").text
    if int(count) != len(rows):
        raise CollectFailed(f"escale: {unit.kind} {unit.code} has {count} schools, {len(rows)} came: call it again")
    return rows


def _schools(collection: Collection, unit: Unit) -> Iterator[Row]:
    """Yield the schools of a unit, 50 at a time."""
    start = 0
    while True:
        rows = collection.items("instituciones", unit.query | {"start": start, "campos": "estadistica"})
        yield from rows
        if len(rows) < PAGE:
            return
        start += PAGE


def _flat(row: Row, unit: Unit, today: date) -> Row:
    """Return a school with what is nested as columns and the unit's code as `consulta_…`."""
    asked = {f"consulta_{unit.kind}": unit.code, "_period": str(today.year), "_delivered": str(today)}
    return dict(_leaves(row)) | asked


def _leaves(row: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a nested answer, each under the names that lead to it."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}", value


def merged(rows: Iterable[Row], contract: Contract) -> list[Row]:
    """Return one row per key, with the contract's columns: the answers by district and by UGEL are merged."""
    by_key: dict[tuple[object, ...], Row] = defaultdict(dict)
    for row in rows:
        lower = {name.lower(): value for name, value in row.items() if value is not None}
        stated = {name: lower[name] for name in ("_period", "_delivered")}
        named = {column: lower[header] for header, column in contract.named(lower).items()}
        by_key[*stated.values(), *map(named.get, contract.key)].update(stated | named)
    return list(by_key.values())
