"""The raw rows as delivered: the only thing that is taken from the warehouse's file."""

from __future__ import annotations

import datetime as dt
import gc
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Span = tuple[dt.date, dt.date]
FOR_EVER: list[Span] = [(dt.date.min, dt.date.max)]
YEAR_OF = {
    "siagie_enrollments": "id_anio", "siagie_attendance": "id_anio", "siagie_grades": "id_anio", "eba_enrollments": "id_anio",
    "midis_juntos": "anio", "midis_feeding": "anio", "mtpe_child_work": "anio", "feedback_case_events": "anio",
}  # fmt: skip
YES = ("SI", "SÍ")
WITHOUT_YEAR = ("midis_sisfoh", "escale_schools", "inei_districts", "inei_populated_places", "minedu_services")
OF_LANDING = ("child_merges", "standing", "deliveries", "withheld", "calendar")


@cache
def text(value: str | None) -> str | None:
    """Return a text without spaces around it and in capitals; None where it says nothing."""
    cleaned = (value or "").strip().upper()
    return cleaned or None


def service(row: Row) -> str:
    """Return the school service of a row: its code with the zeros that it may have lost, and the annex."""
    return _service(row.get("cod_mod") or row.get("codmod"), row["anexo"])


@cache
def _service(code: str, annex: str) -> str:
    return f"{code.strip().zfill(7)}-{annex.strip()}"


@dataclass
class Raw:
    """All rows, each with the spans in which its file stands and with the place in the order of what was told."""

    tables: dict[str, list[Row]]
    by_year: dict[tuple[str, int], list[Row]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        spans, files = self._spans()
        landed = {row["file"]: row["landed_no"] for row in self.tables["deliveries"]}
        for name in (*YEAR_OF, *WITHOUT_YEAR):
            for row in self.tables[name]:
                of_file = FOR_EVER if row["_file"] not in files else []
                row["spans"] = spans.get((row["_file"], row.get("_region") or ""), of_file)
                row["told"] = (row["_delivered_at"], landed.get(row["_file"]) or 0, row["_line"])
        for name, column in YEAR_OF.items():
            for row in self.tables[name]:
                self.by_year[name, row[column]].append(row)

    def _spans(self) -> tuple[dict[tuple[str, str], list[Span]], set[str]]:
        spans: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for row in self.tables["standing"]:
            spans[row["file"], row["region"] or ""].append((row["standing_from"], row["standing_until"]))
        return spans, {file for file, _ in spans}

    @property
    def today(self) -> dt.date:
        day: dt.date = self.tables["calendar"][0]["today"]
        return day


def read(warehouse: Path, since: int = 0) -> Raw:
    """Read the raw tables of a warehouse; attendance and marks from a year on, where all are too many."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        raw = Raw({name: _rows(connection, name, since) for name in (*YEAR_OF, *WITHOUT_YEAR, *OF_LANDING)})
    gc.freeze()  # half a million rows that stay: the collector need not look through them again and again
    return raw


def _rows(connection: duckdb.DuckDBPyConnection, name: str, since: int) -> list[Row]:
    where = f" where id_anio >= {since}" if name in ("siagie_attendance", "siagie_grades") else ""
    found = connection.execute(f"select * from raw.{name}{where}")
    columns = [column[0].lower() for column in found.description]
    return [dict(zip(columns, values, strict=True)) for values in found.fetchall()]
