"""Children of the published lists, as the serving file holds them; a caller sees those of their areas."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb

from service.access import EVERYWHERE, Caller

HARDENED = {
    "threads": 1, "memory_limit": "512MB", "enable_external_access": False, "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}  # fmt: skip
CHILD = """
select ugel_code, as_of_date, rank_in_ugel, child_key, service_code, grade, section, tier, probability,
  probability_text, reason_text, action_text, days_since_listed, expires_on, model_version, release_id
from priority_list where child_key = ? order by as_of_date desc limit 1
"""
SERVICES = """
select support_code, tutor_text, need_text, who_acts from suggested_services
where child_key = ? and as_of_date = ? order by support_code
"""
PLACE = """
select ugel_code, service_code from priority_list where child_key = $1 union all
select ugel_code, service_code from immediate_cases where child_key = $1 union all
select ugel_code, null from cases where child_key = $1 limit 1
"""
CASES_OF = "select * exclude (release_id) from cases where child_key = ? order by school_year, matter"
CASES = """
select c.* exclude (release_id), p.service_code, p.rank_in_ugel, p.tier, p.probability_text, p.reason_text,
  p.action_text
from cases as c left join priority_list as p on p.child_key = c.child_key
where {seen} order by c.ugel_code, p.rank_in_ugel nulls last, c.child_key, c.matter limit ? offset ?
"""


TIMELINE = """
select happened_on, kind, detail, amount, out_of from timeline where child_key = ? order by happened_on, kind, detail
"""


class Children:
    """Reads the file that is published, and the next one as soon as it is switched to."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()
        self.opened: Path | None = None
        self.db: duckdb.DuckDBPyConnection | None = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor on the current release; who reads an earlier one finishes with it."""
        real = self.path.resolve()
        with self.lock:
            if self.db is None or real != self.opened:
                self.db = duckdb.connect(str(real), read_only=True, config=HARDENED)
                self.opened = real
            return self.db.cursor()

    def _rows(self, sql: str, given: list[Any]) -> list[dict[str, Any]]:
        cursor = self._cursor()
        try:
            found = cursor.execute(sql, given)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        finally:
            cursor.close()

    def one(self, caller: Caller, child: str) -> dict[str, Any] | None:
        """Return a child's place on the list, services and cases; None if nothing is published of it to this caller."""
        place = self._rows(PLACE, [child])
        if not place or not caller.sees(place[0]["ugel_code"], place[0]["service_code"]):
            return None
        listed = self._rows(CHILD, [child])
        services = self._rows(SERVICES, [child, listed[0]["as_of_date"]]) if listed else []
        return place[0] | {
            "child_key": child, "listed": listed[0] if listed else None, "services": services,
            "cases": self._rows(CASES_OF, [child]),
        }  # fmt: skip

    def timeline(self, child: str) -> list[dict[str, Any]]:
        """Return what happened at school to a child that the caller may see, the oldest first."""
        return self._rows(TIMELINE, [child])

    def cases(self, caller: Caller, limit: int, offset: int) -> list[dict[str, Any]]:
        """Return listed children of the caller's areas, by UGEL and rank, with what has been done for them."""
        seen, given = _within(caller)
        return self._rows(CASES.format(seen=seen), [*given, limit, offset])

    def is_synthetic(self) -> bool:
        """Say whether what is published is of a synthetic home."""
        return self._rows("select kind from release", [])[0]["kind"] == "synthetic"


def _within(caller: Caller) -> tuple[str, list[Any]]:
    """Return SQL for the rows of a caller's areas, with its values."""
    if EVERYWHERE in caller.areas:
        return "true", []
    named: dict[str, list[str]] = {"region": [], "ugel": [], "school": []}
    for area in caller.areas:
        kind, _, name = area.partition(":")
        named.get(kind, []).append(name)
    seen = (
        "(substr(c.ugel_code, 1, 2) in (select unnest(?)) or c.ugel_code in (select unnest(?)) "
        "or p.service_code in (select unnest(?)))"
    )
    return seen, list(named.values())
