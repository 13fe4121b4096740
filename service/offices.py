"""Cases of the protection offices, as each province's serving file holds them; a caller sees those of their areas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from service.access import Caller
from service.published import HARDENED, FormerRelease, Row, rows

CURRENT = "current.duckdb"
# A known violation is reported by law and never ranked: what is due first comes first, then who waits longest.
ORDER = "order by due_on nulls last, waiting_days desc nulls last, case_key"
CASES = f"select * exclude (area_code, release_id) from caseload {ORDER} limit ? offset ?"
REVIEWS = f"select * exclude (area_code, release_id) from caseload where linkage = 'review' {ORDER} limit ?"
CASE = "select * exclude (area_code, release_id) from caseload where case_key = ?"
OF_CHILD = f"select * exclude (area_code, release_id) from caseload where child_key = ? {ORDER}"
REFERRED = """
select as_of_date, service_code, weekly_work_hours, service_name, need_text from work_referrals where child_key = ?
"""
REPORTS = f"""
select * exclude (area_code, release_id) from caseload where is_violence and case_state = 'ABIERTO' {ORDER} limit ?
"""
DUE = """
select count_if(is_violence and case_state = 'ABIERTO') as n_reports, count(due_on) as n_with_deadline,
  count_if(due_on < ?) as n_late, count_if(due_on = ?) as n_due_today from caseload
"""
WAITING = """
select coalesce(sum(n_to_review), 0)::bigint as n_to_review,
  coalesce(sum(n_without_candidate), 0)::bigint as n_without_candidate from linkage_reviews
"""
AREA = re.compile(r"[0-9]{4}")


class OfficeChild(NamedTuple):
    """A child's open cases at a province's offices, and its referrals for work."""

    cases: list[Row]
    referrals: list[Row]


class OfficeCounts(NamedTuple):
    """How many reviews wait, and how many cases and mandatory reports are due."""

    reviews: Row
    due: Row


class Offices:
    """Reads the file of one province's offices, opened for each query: the next query is of another province."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def areas(self, caller: Caller) -> list[str]:
        """Return the provinces with published cases that the caller may see."""
        if self.folder is None or not self.folder.is_dir():
            return []
        areas = filter(AREA.fullmatch, (path.parent.name for path in self.folder.glob(f"*/{CURRENT}")))
        return sorted(filter(caller.sees_offices, areas))

    def cases(self, area: str, limit: int, offset: int) -> list[Row]:
        """Return open cases, what is due first before all, then those that have waited longest."""
        return self._rows(area, CASES, [limit, offset])

    def reviews(self, area: str, limit: int) -> list[Row]:
        """Return open cases whose link to a child a person must review."""
        return self._rows(area, REVIEWS, [limit])

    def case(self, area: str, case: str) -> Row | None:
        """Return an open case; None if there is none by this key."""
        return next(iter(self._rows(area, CASE, [case])), None)

    def child(self, area: str, child: str) -> OfficeChild:
        """Return a child's open cases and referrals."""
        return OfficeChild(self._rows(area, OF_CHILD, [child]), self._rows(area, REFERRED, [child]))

    def reports(self, area: str, limit: int) -> list[Row]:
        """Return cases of violence that nobody has taken up: what the law has reported, in the same order."""
        return self._rows(area, REPORTS, [limit])

    def counts(self, area: str, today: date) -> OfficeCounts:
        """Return how many reviews wait and how much is due; what is due today is not late."""
        return OfficeCounts(self._rows(area, WAITING, [])[0], self._rows(area, DUE, [today, today])[0])

    def _rows(self, area: str, sql: str, parameters: Sequence[Any]) -> list[Row]:
        path = (self.folder or Path()) / area / CURRENT
        with duckdb.connect(str(path.resolve()), read_only=True, config=HARDENED) as db:
            try:
                return rows(db.execute(sql, parameters))
            except (duckdb.BinderException, duckdb.CatalogException):
                raise FormerRelease from None
