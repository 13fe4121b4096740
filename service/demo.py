"""People of a demonstration: one for each role, of places where a synthetic home has something to show."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import duckdb

from service import api_keys
from service.access import Caller
from service.published import HARDENED
from service.roles import ROLES
from warehouse.settings import Home

KINDS = {"ugel": "UGEL", "school": "escuela", "province": "provincia"}  # of areas, as people call them
# For each kind of area the place with most to do: UGEL and school by the newest list, province by open cases.
LISTED = "select mode({column}) from priority_list where as_of_date = (select max(as_of_date) from priority_list)"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody whom a link signs in, as long as the service runs.

    Args:
        title: role and place, as the terminal shows them.
        caller: who they are here.
        token: what their link holds; only its hash decides.
    """

    title: str
    caller: Caller
    token: str

    @property
    def path(self) -> str:
        """The link's path."""
        return f"/entrar/demo/{self.token}"


def people(home: Home) -> list[DemoPerson]:
    """Return the people of a synthetic home; a real home has none, ever."""
    if home.kind != "synthetic":
        return []
    with duckdb.connect(str(home.serving / "service" / "current.duckdb"), read_only=True, config=HARDENED) as db:
        if db.execute("select kind from release").fetchone() != ("synthetic",):
            return []
        ugel, school = (db.execute(LISTED.format(column=name)).fetchone() for name in ("ugel_code", "service_code"))
    return [
        _person("social_worker", "ugel", ugel),
        _person("ugel_director", "ugel", ugel),
        _person("tutor", "school", school),
        _person("protection_officer", "province", _province(home)),
        _person("auditor", "", None),
    ]


def _province(home: Home) -> tuple[str] | None:
    """Return the province whose offices have most published."""
    files = [folder / "current.duckdb" for folder in (home.serving / "protection").glob("[0-9]*")]
    largest = max((file for file in files if file.exists()), key=lambda file: file.stat().st_size, default=None)
    return (largest.parent.name,) if largest else None


def _person(role: str, kind: str, place: tuple[str | None, ...] | None) -> DemoPerson:
    """Return somebody of a role and a place; of everywhere where no place has anything to show."""
    name = place[0] if place else None
    area = f"{kind}:{name}" if kind and name else "*"
    where = f", {KINDS[kind]} {name}" if kind and name else ""
    caller = Caller(f"demo-{role}", ROLES[role].scopes, frozenset({area}))
    return DemoPerson(f"{ROLES[role].title}{where}", caller, secrets.token_urlsafe(24))


def by_hash(people: list[DemoPerson]) -> dict[str, Caller]:
    """Return the callers by the hash of their link's token."""
    return {api_keys.hashed(person.token): person.caller for person in people}
