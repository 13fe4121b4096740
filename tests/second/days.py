"""What stands and is known on a day: the newest version of each fact, and which keys are one child."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from tests.second.rows import Raw, Row


class Day:
    """What was known on one day."""

    def __init__(self, raw: Raw, date: dt.date) -> None:
        self.raw, self.date, self.year = raw, date, date.year

    def known(self, rows: Iterable[Row]) -> list[Row]:
        """Keep the rows that had landed by the day and whose file stands on it."""
        return [row for row in rows if row["known_at"] <= self.date and self._stands(row)]

    def _stands(self, row: Row) -> bool:
        return any(start <= self.date < end for start, end in row["spans"])

    def newest(self, rows: Iterable[Row], fact: Callable[[Row], Any]) -> dict[Any, Row]:
        """Of the known rows that tell one fact, keep the one that was told last."""
        found: dict[Any, Row] = {}
        for row in self.known(rows):
            key = fact(row)
            if key not in found or found[key]["told"] < row["told"]:
                found[key] = row
        return found

    def of_years(self, table: str, first: int, last: int) -> list[Row]:
        return [row for year in range(first, last + 1) for row in self.raw.by_year.get((table, year), [])]

    def table(self, name: str) -> list[Row]:
        return self.raw.tables[name]

    @cached_property
    def merges(self) -> dict[int, int]:
        """Return the key that each key was known to belong to."""
        return {
            row["child_key"]: row["merged_into"]
            for row in self.table("child_merges")
            if row["known_at"] <= self.date and (row["known_until"] is None or self.date < row["known_until"])
        }

    def child(self, key: int) -> int:
        """Return the child that a key stood for on the day."""
        while key in self.merges:
            key = self.merges[key]
        return key

    @cached_property
    def registered_twice(self) -> set[int]:
        return {self.child(key) for key in self.merges}
