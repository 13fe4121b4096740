"""Cases of the protection offices, as each province's serving file holds them; a caller sees those of their areas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from service.access import Caller
from service.children import HARDENED

CURRENT = "current.duckdb"
# A known violation is reported by law and never ranked: the queue is in order of waiting.
ORDER = "order by waiting_days desc nulls last, case_key"
CASES = f"select * exclude (area_code, release_id) from caseload {ORDER} limit ? offset ?"
REVIEWS = f"select * exclude (area_code, release_id) from caseload where linkage = 'review' {ORDER} limit ?"
CASE = "select * exclude (area_code, release_id) from caseload where case_key = ?"
OF_CHILD = f"select * exclude (area_code, release_id) from caseload where child_key = ? {ORDER}"
REFERRED = """
select as_of_date, service_code, weekly_work_hours, service_name, need_text from work_referrals where child_key = ?
"""
REPORTS = "select office, n_waiting, waiting_days, n_attended from mandatory_reports order by n_waiting desc, office"
WAITING = """
select coalesce(sum(n_to_review), 0)::bigint as n_to_review,
  coalesce(sum(n_without_candidate), 0)::bigint as n_without_candidate from linkage_reviews
"""
AREA = re.compile(r"[0-9]{4}")


class Offices:
    """Reads the file of one province's offices, opened for one question: it is small, and soon another's."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def areas(self, who: Caller) -> list[str]:
        """Return the provinces whose offices' cases are published and the caller's to see."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = (path.parent.name for path in self.folder.glob(f"*/{CURRENT}"))
        return sorted(area for area in found if AREA.fullmatch(area) and who.sees_offices(area))

    def cases(self, area: str, limit: int, offset: int) -> list[dict[str, Any]]:
        """Return open cases, those that have waited longest first."""
        return self._rows(area, CASES, [limit, offset])

    def reviews(self, area: str, limit: int) -> list[dict[str, Any]]:
        """Return open cases of which a person must say whose they are."""
        return self._rows(area, REVIEWS, [limit])

    def case(self, area: str, case: str) -> dict[str, Any] | None:
        """Return an open case; None if there is none by this key."""
        return next(iter(self._rows(area, CASE, [case])), None)

    def of_child(self, area: str, child: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return a child's open cases, and whether it was referred for work."""
        return self._rows(area, OF_CHILD, [child]), self._rows(area, REFERRED, [child])

    def counts(self, area: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return how many reviews wait, and of each office how many mandatory reports do."""
        return self._rows(area, WAITING, [])[0], self._rows(area, REPORTS, [])

    def _rows(self, area: str, sql: str, given: Sequence[Any]) -> list[dict[str, Any]]:
        path = (self.folder or Path()) / area / CURRENT
        with duckdb.connect(str(path.resolve()), read_only=True, config=HARDENED) as db:
            found = db.execute(sql, given)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
