"""Tables of a bulletin, each a query of a published file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.errors import HomeError

Row = dict[str, Any]  # of a table, by column


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

    def dicts(self) -> list[Row]:
        """Return the rows by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def ask(db: duckdb.DuckDBPyConnection, queries: Mapping[str, str], area: str) -> tuple[BulletinTable, ...]:
    """Return the tables of some queries about an area.

    Raises:
        HomeError: the release lacks a table or a column.
    """
    return tuple(_table(db, key, sql, area) for key, sql in queries.items())


def _table(db: duckdb.DuckDBPyConnection, key: str, sql: str, area: str) -> BulletinTable:
    try:
        query = db.execute(sql, {"area": area})
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise HomeError(
            f"the bulletin's table {key}: the release was published by another version: run 'qhawaq publish', or take "
            f"one of this version by --as-of ({error})"
        ) from error
    return BulletinTable(key, tuple(column[0] for column in query.description or ()), tuple(query.fetchall()))
