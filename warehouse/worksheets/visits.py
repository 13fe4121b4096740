"""Who is to be visited in a week: the first of a UGEL's published list whom nobody has reached, without names."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from warehouse import clock, database
from warehouse.errors import UsageError
from warehouse.paper import words
from warehouse.paper.words import School
from warehouse.publish import switching
from warehouse.report import figures
from warehouse.report.tables import Row
from warehouse.settings import Home

WEEKS_OF_A_LIST = 4  # a list holds what a UGEL can do until the next one, a month later
WAITING = """
with list as (from priority_list qualify as_of_date = max(as_of_date) over ()),
reached as (
  select distinct child_key from cases
  where school_year = (select max(year(as_of_date)) from list)
    and coalesce(contacted_on, served_on, dismissed_on, closed_on) is not null)
select child_key, rank_in_ugel, service_code, grade, section, reason_text, action_text, expires_on,
  (select count(*) from list) as n_listed
from list where child_key not in (from reached) order by rank_in_ugel
"""
SERVICES = (
    "select tutor_text, who_acts from suggested_services where child_key = ? order by as_of_date desc, support_code"
)
CASES = "from cases where child_key = ?"
RELEASE = "select release_id, kind, built_for from release"
NAMES = "select service_code, school_name, district_name, ugel_name from schools"
# of a release that names no schools
NAMES_IN_WAREHOUSE = """
select school.service_code, school.school_name, place.district_name,
  concat('UGEL ', school.ugel_code, ', ', place.province_name) as ugel_name
from star.dim_school as school left join star.dim_place as place using (place_key)
where school.school_name is not null order by school.valid_from
"""


@dataclass(frozen=True)
class Visit:
    """A child who waits for a visit, by its key."""

    child: str
    rank: int
    school: str
    grade: str
    reasons: Sequence[str]
    actions: Sequence[str]
    contacts: Sequence[words.Contact]
    expires_on: date


@dataclass(frozen=True)
class WeekOfVisits:
    """The visits of a UGEL in a week.

    Attributes:
        ugel: its six digits.
        ugel_name: as people call it.
        monday: the first day of the week.
        is_synthetic: whether no child of it exists.
        visits: who is visited, in the order of the list.
        n_waiting: all of the list whom nobody has reached.
    """

    ugel: str
    ugel_name: str
    monday: date
    is_synthetic: bool
    visits: tuple[Visit, ...]
    n_waiting: int


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def read(home: Home, ugel: str, week: date | None, first: int | None = None) -> WeekOfVisits:
    """Return the visits of a UGEL in a week.

    Args:
        home: the home.
        ugel: the UGEL's six digits.
        week: any day of the week; None: this week, of a synthetic home the one that it was published for.
        first: how many; None: as many as the UGEL can do in a week, a fourth of its list.

    Raises:
        UsageError: it is not six digits, or nothing is published for it.
        HomeError: no list of that week or before is kept.
    """
    if not re.fullmatch(r"[0-9]{6}", ugel):
        raise UsageError("a UGEL is six digits, as 150101")
    sunday = monday_of(week) + timedelta(days=6) if week else None
    with duckdb.connect(str(figures.published(home, f"education/{ugel}", sunday)), read_only=True) as db:
        ((release, kind, built_for),) = db.execute(RELEASE).fetchall()
        schools = _schools(home, release)
        waiting = _rows(db, WAITING)
        visits = tuple(_visit(db, row, schools) for row in waiting[: first or _in_a_week(waiting)])
    monday = monday_of(week or (built_for if kind == "synthetic" else clock.today()))
    return WeekOfVisits(ugel, words.ugel(_ugel_name(ugel, schools)), monday, kind == "synthetic", visits, len(waiting))


def _in_a_week(waiting: Sequence[Row]) -> int:
    """Return how many a UGEL can visit in a week, by the length of its list."""
    return math.ceil(waiting[0]["n_listed"] / WEEKS_OF_A_LIST) if waiting else 0


def _ugel_name(ugel: str, schools: dict[str, School]) -> str:
    """Return what a UGEL's schools call it, which begins with its code; else that."""
    name = f"UGEL {ugel}"
    return next((school.ugel for school in schools.values() if school.ugel and school.ugel.startswith(name)), name)


def _schools(home: Home, release: str) -> dict[str, School]:
    """Return code → school: of the release, else of the warehouse, where a release does not name them."""
    with duckdb.connect(str(switching.file(home, "service", release)), read_only=True) as db:
        if db.execute("select 1 from duckdb_tables() where table_name = 'schools'").fetchone():
            return _named(db, NAMES)
    with database.warehouse(home, read_only=True) as db:
        return _named(db, NAMES_IN_WAREHOUSE)


def _named(db: duckdb.DuckDBPyConnection, sql: str) -> dict[str, School]:
    return {code: School(*names) for code, *names in db.execute(sql).fetchall()}


def _rows(db: duckdb.DuckDBPyConnection, sql: str, given: Sequence[Any] = ()) -> list[Row]:
    """Return the rows of a query by column."""
    query = db.execute(sql, given)
    columns = [column[0] for column in query.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in query.fetchall()]


def _visit(db: duckdb.DuckDBPyConnection, row: Row, schools: dict[str, School]) -> Visit:
    services = _rows(db, SERVICES, [row["child_key"]])
    return Visit(
        child=row["child_key"],
        rank=row["rank_in_ugel"],
        school=words.school(row["service_code"], schools.get(row["service_code"])),
        grade=words.grade_and_section(row["grade"], row["section"]),
        reasons=words.reasons(row["reason_text"]),
        actions=words.actions(row["action_text"], services),
        contacts=words.contacts(_rows(db, CASES, [row["child_key"]])),
        expires_on=row["expires_on"],
    )
