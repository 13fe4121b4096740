"""Tables of a bulletin, from a single published file, so that no unpublished figure can enter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import database
from warehouse.errors import HomeError, UsageError
from warehouse.publish import switching
from warehouse.report import places, queries, tables, wording
from warehouse.report.places import NamedTables
from warehouse.report.tables import BulletinTable, Row
from warehouse.settings import Home

RELEASE = "select release_id, kind, built_for, published_at from release"


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

    def table(self, key: str) -> list[Row]:
        """Return a table's rows by column; nothing where the bulletin lacks the table."""
        return next((table.dicts() for table in self.tables if table.key == key), [])


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
        ((release, kind, built_for, published_at),) = db.execute(RELEASE).fetchall()
        own = tables.ask(db, plan.queries, plan.area)
        seen = places.of_ugel(home, release, ugel, own) if ugel else NamedTables(_area_name(db, region), own)
    return Bulletin(
        name=seen.name,
        file_name=f"boletin-{'peru' if plan.area == queries.NATION else plan.area}-{built_for:%Y-%m-%d}",
        is_internal=bool(ugel),
        is_synthetic=kind == "synthetic",
        built_for=built_for,
        release=release,
        published_at=published_at,
        tables=tuple(map(wording.ordered, seen.tables)),
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
        return _Plan("officials", region, queries.REGIONAL)
    if not ugel:
        return _Plan("officials", queries.NATION, queries.NATIONAL)
    if not re.fullmatch(r"[0-9]{6}", ugel):
        raise UsageError("a UGEL is six digits, as 150101")
    return _Plan(f"education/{ugel}", ugel, queries.OF_UGEL)


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
        return "Perú"
    row = db.execute(queries.REGION_NAME, {"area": region}).fetchone()
    if row is None or region == queries.NATION:
        raise UsageError(f"nothing is published of region {region}: give a department's two digits, as 15 for Lima")
    return f"Departamento de {row[0] or region}"
