"""A published file, read-only and locked, and the next one as soon as it is switched to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]  # of a published table, by column
DuckDBConfig = dict[str, str | bool | int | float | list[str]]
HARDENED: DuckDBConfig = {
    "threads": 1,
    "memory_limit": "512MB",
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class FormerRelease(Exception):
    """What is published lacks what this version of the service shows."""

    def __init__(self) -> None:
        super().__init__("what is published is of a former version: call 'qhawaq run', which publishes again")


class PublishedFile:
    """Reads the published file, and the next one as soon as it is switched to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.opened: Path | None = None
        self.db: duckdb.DuckDBPyConnection | None = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor on the current release; a running query finishes on an earlier one."""
        real = self.path.resolve()
        with self.lock:
            if self.db is None or real != self.opened:
                self.db = duckdb.connect(str(real), read_only=True, config=HARDENED)
                self.opened = real
            return self.db.cursor()

    def _rows(self, sql: str, parameters: list[Any]) -> list[Row]:
        with self._cursor() as cursor:
            try:
                return rows(cursor.execute(sql, parameters))
            except duckdb.CatalogException:
                raise FormerRelease from None

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question of ours."""
        return self._rows(sql, list(parameters))

    def is_synthetic(self) -> bool:
        """Say whether a synthetic home was published."""
        return bool(self._rows("select kind from release", [])[0]["kind"] == "synthetic")


def rows(relation: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return the rows of an executed query by column."""
    names = [column[0] for column in relation.description]
    return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
