"""What a bulletin calls a place: the names that a release has beside codes, and what officials see of a UGEL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from warehouse.paper.words import titled
from warehouse.publish import switching
from warehouse.report import queries, tables
from warehouse.report.tables import BulletinTable
from warehouse.settings import Home


class NamedTables(NamedTuple):
    """An area by name, with its tables."""

    name: str
    tables: tuple[BulletinTable, ...]


def of_ugel(home: Home, release: str, ugel: str, own: Sequence[BulletinTable]) -> NamedTables:
    """Return a UGEL with its own tables and those that officials see of it, schools by name.

    Args:
        home: the home.
        release: whose files are read.
        ugel: the UGEL's six digits.
        own: the tables of its own file.
    """
    seen: tuple[BulletinTable, ...] = ()
    where: tuple[Any, ...] = ()
    if (officials := switching.file(home, "officials", release)).exists():
        with duckdb.connect(str(officials), read_only=True) as db:
            seen = tables.ask(db, queries.SEEN_OF_UGEL, ugel)
            where = db.execute(queries.UGEL_PLACE, {"area": ugel}).fetchone() or ()
    names = _school_names(switching.file(home, "service", release))
    return NamedTables(_ugel_name(ugel, where), (*seen, *(_named(table, names) for table in own)))


def _ugel_name(ugel: str, where: tuple[Any, ...]) -> str:
    """Return what a UGEL is called: no source names it, so its province and department do."""
    province, department = where or (None, None)
    parts = (titled(province) if province else None, department)
    return ", ".join([f"UGEL {ugel}", *dict.fromkeys(filter(None, parts))])


def _school_names(file: Path) -> dict[str, str]:
    """Return code → name of schools; nothing of a release that names none."""
    if not file.exists():
        return {}
    with duckdb.connect(str(file), read_only=True) as db:
        if not db.execute("select 1 from duckdb_tables() where table_name = 'schools'").fetchone():
            return {}
        return {code: name for code, name in db.execute(queries.SCHOOL_NAMES).fetchall() if name}


def _named(table: BulletinTable, names: dict[str, str]) -> BulletinTable:
    """Return a table of schools with their names first, and codes last."""
    if "service_code" not in table.columns:
        return table
    code = table.columns.index("service_code")
    columns = ("school_name", *(name for name in table.columns if name != "service_code"), "service_code")
    rows = tuple((names.get(row[code]), *row[:code], *row[code + 1 :], row[code]) for row in table.rows)
    return BulletinTable(table.key, columns, rows)
