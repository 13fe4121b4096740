"""Tables of a bulletin, from a single published file, so that no unpublished figure can enter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from warehouse import database
from warehouse.errors import HomeError, UsageError
from warehouse.publish import switching
from warehouse.settings import REPOSITORY, Home, read_yaml

NATION = "00"
AGES = "('official_age', 'intake', 'in_school')"  # told as ratios to the population
KNOWN = f"from indicators where department_code = $area and case_share is not null and indicator not in {AGES}"
NAMED = """
select department_name from (
  select department_code, department_name from indicators
  union all select left(district_code, 2), null from published_enrollment)
where department_code = $area order by department_name nulls last limit 1
"""
YEARS = f"select school_year, indicator, level, case_share {KNOWN} order by indicator, level, school_year"
# Table's key → its query; $area is a department's code. `charts.DRAWN` has the charts of some.
OFFICIALS = {
    "indicators": f"""
select indicator, level, school_year, n_pupils, n_cases, case_share,
  case_share - lag(case_share) over (partition by level, indicator order by school_year) as change_share
{KNOWN} qualify row_number() over (partition by level, indicator order by school_year desc) = 1
order by indicator, level""",
    "years": YEARS,
    "gaps": """
select indicator, level, school_year, group_name, n_pupils, case_share, gap_to_all
from group_gaps where place_code = $area and gap_to_all is not null and indicator not in ('promotion', 'transition')
qualify school_year = max(school_year) over (partition by level, indicator) and gap_to_all >= 0.001
  and row_number() over (partition by level, indicator, school_year order by gap_to_all desc, group_name) <= 3
order by indicator, level, gap_to_all desc, group_name""",
}
NATIONAL = OFFICIALS | {
    "departments": """
select department_name, level, n_pupils, n_cases, case_share
from indicators where indicator = 'interruption' and department_code <> $area and case_share is not null
qualify school_year = max(school_year) over () order by level, case_share desc, department_name""",
    "effects": """
select service_name, n_served, share_served, share_without, effect, effect_low, effect_high, verdict_text
from program_effects where $area is not null and outcome = 'interruption' order by is_shown desc, service_name""",
    "available": """
select topic_name, is_available, last_delivered_at, missing_text
from availability where $area is not null order by is_available, topic_name""",
}
REGIONAL = OFFICIALS | {
    "districts": """
select district_name, province_name, level, n_pupils, n_withdrawn, withdrawn_share, n_over_age, over_age_share
from published_enrollment where left(district_code, 2) = $area
qualify school_year = max(school_year) over () order by n_pupils desc nulls last, district_name, level limit 60""",
}
OF_UGEL = {
    "schools": """
select service_code, level, n_pupils, n_listed
from school_lists where $area is not null order by n_listed desc, service_code limit 400""",
    "urgency": """
select probability_text, count(*) as n_children
from priority_list where $area is not null group by all order by min(rank_in_ugel)""",
    "at_once": """
select need, count(*) as n_children, count(distinct service_code) as n_schools
from immediate_cases where $area is not null group by all order by 2 desc, 1""",
    "services": """
select tutor_text, who_acts, count(distinct child_key) as n_children
from suggested_services where $area is not null group by all order by 3 desc, 1""",
    "cases": """
select school_year, matter, n_cases, n_assigned, n_contacted, n_served, n_dismissed, n_closed, contacted_share,
  median_days_to_contact
from case_progress where $area is not null order by school_year desc, matter limit 12""",
    "changes": """
select change, cause_text, count(*) as n_children
from list_changes where $area is not null group by all order by 1, 3 desc""",
}


@dataclass(frozen=True)
class BulletinTable:
    """A table of a bulletin."""

    key: str  # in the texts
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


@dataclass(frozen=True)
class Bulletin:
    """A bulletin of an area."""

    name: str  # of the area
    file_name: str  # without suffix
    is_internal: bool  # it shows numbers of single schools
    is_synthetic: bool
    built_for: date
    release: str
    published_at: datetime
    tables: tuple[BulletinTable, ...]


def read(home: Home, ugel: str | None = None, region: str | None = None, as_of: date | None = None) -> Bulletin:
    """Return the bulletin of a UGEL, of a region, or of the country where neither is given.

    Args:
        home: the home.
        ugel: the UGEL's six digits.
        region: the department's two digits.
        as_of: take the newest release built for this day or before; None: the current one.

    Raises:
        UsageError: both areas are given, or nothing is published for the area.
        HomeError: no release of that day or before is kept.
    """
    plan = _plan(ugel, region)
    with duckdb.connect(str(published(home, plan.folder, as_of)), read_only=True) as db:
        ((release, kind, built_for, published_at),) = db.execute(
            "select release_id, kind, built_for, published_at from release"
        ).fetchall()
        name = texts()["ugel"].format(code=ugel) if ugel else _area_name(db, region)
        tables = tuple(_table(db, key, sql, plan.area) for key, sql in plan.queries.items())
    return Bulletin(
        name=name,
        file_name=f"boletin-{'peru' if plan.area == NATION else plan.area}-{built_for:%Y-%m-%d}",
        is_internal=bool(ugel),
        is_synthetic=kind == "synthetic",
        built_for=built_for,
        release=release,
        published_at=published_at,
        tables=tables,
    )


class _Plan(NamedTuple):
    """The data of a bulletin."""

    folder: str  # of the published files, below the serving folder
    area: str
    queries: dict[str, str]  # table's key → query


def _plan(ugel: str | None, region: str | None) -> _Plan:
    """Return where a bulletin's tables come from.

    Raises:
        UsageError: both areas are given, or the UGEL is not six digits.
    """
    if ugel and region:
        raise UsageError("give --ugel or --region, not both")
    if region:
        return _Plan("officials", region, REGIONAL)
    if not ugel:
        return _Plan("officials", NATION, NATIONAL)
    if not re.fullmatch(r"[0-9]{6}", ugel):
        raise UsageError("a UGEL is six digits, as 150101")
    return _Plan(f"education/{ugel}", ugel, OF_UGEL)


def published(home: Home, folder: str, as_of: date | None) -> Path:
    """Return the published file of a day; the current one without a day.

    Raises:
        UsageError: nothing is published for the area.
        HomeError: no release of that day or before is kept.
    """
    current = switching.current(home) or ""
    if as_of is None:
        return _kept(home, folder, [current])[-1]
    kept = _kept(home, folder, [name for name in switching.kept(home) if name <= current])  # not those gone back on
    old_enough = [file for file in kept if _built_for(file) <= as_of]
    if not old_enough:
        built_for = ", ".join(map(str, sorted({*map(_built_for, kept)})))
        raise HomeError(f"no release for {as_of} or before is kept of {folder}; kept are those built for {built_for}")
    return old_enough[-1]


def _kept(home: Home, folder: str, releases: Iterable[str]) -> list[Path]:
    """Return the files that an area has of some releases, oldest first.

    Raises:
        UsageError: it has none.
    """
    kept = [file for file in (switching.file(home, folder, release) for release in releases) if file.exists()]
    if not kept:
        where = home.serving / folder
        raise UsageError(f"nothing is published in {where}: areas that are stand beside it; 'qhawaq run' publishes")
    return kept


def _built_for(file: Path) -> date:
    """Return the day for which a published file was built."""
    with duckdb.connect(str(file), read_only=True) as db:
        return database.value(db, "select built_for from release")


def _area_name(db: duckdb.DuckDBPyConnection, region: str | None) -> str:
    """Return the area's name; a region's code where only the ministry's open data have it."""
    if region is None:
        return texts()["country"]
    row = db.execute(NAMED, {"area": region}).fetchone()
    if row is None or region == NATION:
        raise UsageError(f"nothing is published of region {region}: give a department's two digits, as 15 for Lima")
    return texts()["region"].format(name=row[0] or region)


def _table(db: duckdb.DuckDBPyConnection, key: str, sql: str, area: str) -> BulletinTable:
    try:
        query = db.execute(sql, {"area": area})
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise HomeError(
            f"the bulletin's table {key}: the release was published by another version: run 'qhawaq publish', or take "
            f"one of this version by --as-of ({error})"
        ) from error
    return BulletinTable(key, tuple(column[0] for column in query.description or ()), tuple(query.fetchall()))


@cache
def texts() -> dict[str, Any]:
    """Return the texts of bulletins."""
    return read_yaml(Path(__file__).with_name("texts.yml"))


@cache
def catalog() -> dict[str, Any]:
    """Return the names of columns and values, which bulletins and dashboards share."""
    return read_yaml(REPOSITORY / "grafana" / "texts.yml")


def heading(column: str) -> str:
    """Return the heading of a column."""
    return texts()["columns"].get(column) or catalog()["columns"][column]


def shown(column: str, value: object) -> str:
    """Return a value formatted for people: shares in percent, counts with spaces, codes by name, a sign for null."""
    if value is None:
        return catalog()["signs"]["nothing"]
    if isinstance(value, bool):
        return catalog()["values"]["is_available"]["true" if value else "false"]
    if isinstance(value, int | float):
        return _number(column, value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return catalog()["values"].get(column, {}).get(value) or _by_pattern(column, str(value))


def _by_pattern(column: str, value: str) -> str:
    """Return a value rewritten by the dashboards' patterns, in which $1 is the first group."""
    for pattern, text in catalog()["patterns"].get(column, {}).items():
        if re.match(pattern, value):
            return re.sub(pattern, text.replace("$", "\\"), value)
    return value


def _number(column: str, value: float) -> str:
    """Return a number formatted by its column's unit."""
    if column in SIGNED:
        return f"{100 * value:+.1f}\N{NO-BREAK SPACE}pp".replace(".", ",")
    if is_share(column):
        return f"{100 * value:.1f}\N{NO-BREAK SPACE}%".replace(".", ",")
    if isinstance(value, float):
        return f"{value:.1f}".replace(".", ",")
    return str(value) if column.endswith("_year") else f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")


# Differences of shares, in percentage points.
SIGNED = ("change_share", "gap_to_all", "effect", "effect_low", "effect_high")
SHARES = ("_share", "gap_to_all", "effect", "effect_low", "effect_high", "share_served", "share_without")


def is_share(column: str) -> bool:
    """Return whether a column holds shares or differences of shares."""
    return column.endswith(SHARES)


def shown_rows(table: BulletinTable) -> Sequence[Sequence[str]]:
    """Return a table's rows formatted for people."""
    return [[shown(column, value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows]
