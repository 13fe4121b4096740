"""Children of the published lists, as the serving file holds them; a caller sees those of their areas."""

from __future__ import annotations

from typing import Any, TypedDict

from service import page_queries
from service.access import Caller
from service.permissions import EVERYWHERE
from service.published import PublishedFile, Row

CHILD = """
select ugel_code, as_of_date, rank_in_ugel, child_key, service_code, grade, section, tier, probability,
  probability_text, reason_text, action_text, days_since_listed, expires_on, model_version, release_id
from priority_list where child_key = ? order by as_of_date desc limit 1
"""
SERVICES = """
select support_code, tutor_text, need_text, who_acts from suggested_services
where child_key = ? and as_of_date = ? order by support_code
"""
# Where each child is now: by its list, else by what is due at once, else by its newest case.
PLACES = """
(select child_key, ugel_code, service_code from (
  select 1 as source, as_of_date as known, child_key, ugel_code, service_code from priority_list union all
  select 2, null, child_key, ugel_code, service_code from immediate_cases union all
  select 3, make_date(school_year, 1, 1), child_key, ugel_code, null from cases)
qualify row_number() over (partition by child_key order by source, known desc, ugel_code) = 1)
"""
PLACE = f"select ugel_code, service_code from {PLACES} where child_key = $1"
CASES_OF = "select * exclude (release_id) from cases where child_key = ? order by school_year, matter"
# A case follows its child: the UGEL that it left sees it no more.
CASES = f"""
select c.* exclude (release_id) replace (now.ugel_code as ugel_code), p.service_code, p.rank_in_ugel, p.tier,
  p.probability_text, p.reason_text, p.action_text
from cases as c inner join {PLACES} as now on now.child_key = c.child_key
left join priority_list as p on p.child_key = c.child_key
where {{seen}} order by now.ugel_code, p.rank_in_ugel nulls last, c.child_key, c.school_year desc,
  c.matter limit ? offset ?
"""


class PublishedChild(TypedDict):
    """The place of a child on the lists, with suggested services and cases."""

    ugel_code: str | None
    service_code: str | None
    child_key: str
    listed: Row | None
    services: list[Row]
    cases: list[Row]


class PublishedChildren(PublishedFile):
    """The published file of children."""

    def child(self, caller: Caller, child: str) -> PublishedChild | None:
        """Return a child's place on the list, services and cases; None if nothing is published of it to this caller."""
        place = self._rows(PLACE, [child])
        if not place or not caller.sees(place[0]["ugel_code"], place[0]["service_code"]):
            return None
        listed = self._rows(CHILD, [child])
        services = self._rows(SERVICES, [child, listed[0]["as_of_date"]]) if listed else []
        return {
            "ugel_code": place[0]["ugel_code"],
            "service_code": place[0]["service_code"],
            "child_key": child,
            "listed": listed[0] if listed else None,
            "services": services,
            "cases": self._rows(CASES_OF, [child]),
        }

    def records(self, child: str) -> dict[str, list[Row]]:
        """Return what the page of a child that the caller may see tells, by the name of its query."""
        return {name: self.query(query, [child]) for name, query in page_queries.QUERIES.items()}

    def cases(self, caller: Caller, limit: int, offset: int) -> list[Row]:
        """Return listed children of the caller's areas, by UGEL and rank, with their cases."""
        condition, parameters = _within(caller)
        return self._rows(CASES.format(seen=condition), [*parameters, limit, offset])

    def school(self, code: str | None) -> Row | None:
        """Return a school's name, district and UGEL as the register has them; None where the release names none."""
        if not self._rows("select 1 from duckdb_tables() where table_name = 'schools'", []):
            return None
        named = self._rows("select school_name, district_name, ugel_name from schools where service_code = ?", [code])
        return named[0] if named else None


def _within(caller: Caller) -> tuple[str, list[Any]]:
    """Return SQL for the rows of a caller's areas, with its parameters."""
    if EVERYWHERE in caller.areas:
        return "true", []
    areas: dict[str, list[str]] = {"region": [], "ugel": [], "school": []}
    for area in caller.areas:
        kind, _, name = area.partition(":")
        areas.get(kind, []).append(name)
    condition = (
        "(substr(now.ugel_code, 1, 2) in (select unnest(?)) or now.ugel_code in (select unnest(?)) "
        "or now.service_code in (select unnest(?)))"
    )
    return condition, list(areas.values())
