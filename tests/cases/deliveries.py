"""Files as offices send them, brought into a home, and what is known of attendance after a build."""

from __future__ import annotations

import duckdb
import pytest

from tests import few
from tests.cases.home import CASES, SILENT
from tests.conftest import deliver
from tests.landing.samples import HEADER
from warehouse.landing import land as landing
from warehouse.settings import Home

ATTENDANCE = ("stg_siagie__attendance", "int_attendance__months")
LIMA = "15"
CUSCO = "08"
BOTH = {LIMA: 10, CUSCO: 10}


def case(home: Home, name: str) -> None:
    """Put a case's files into the inbox, or skip where the folder of cases is missing."""
    if not (CASES / name).is_dir():
        pytest.skip(f"the folder of cases lacks {name}")
    for path in sorted((CASES / name).rglob("*_20*")):
        if path.is_file():
            deliver(home, path.name, path.read_bytes())


def ask(home: Home, sql: str) -> list[tuple]:
    """Ask the warehouse, read-only."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def build(home: Home, *models: str) -> None:
    """Build models and their tests, those of attendance where none is named, as the main job would."""
    few.begin(home)
    few.build(home, *(models or ATTENDANCE))


def arrive(home: Home) -> None:
    """Land what waits."""
    landing.land(home, SILENT)


def land(home: Home, name: str, content: str | bytes) -> None:
    """Land one file."""
    deliver(home, name, content)
    arrive(home)


def months(home: Home) -> list[tuple]:
    """Return what is known today of attendance: month, region, rows and absences."""
    return ask(
        home,
        "select month, left(ugel_code, 2), count(*), sum(absence_days)::int from intermediate.int_attendance__months "
        "where known_until = date '9999-12-31' group by all order by all",
    )


def statuses(home: Home) -> dict[str, str]:
    """Return the status of each delivery, by file."""
    return dict(ask(home, "select file, status from raw.deliveries"))


def month(year: int, number: int, regions: dict[str, int], absences: int = 0) -> str:
    """Return a month's attendance of so many pupils of each region."""
    rows = [
        f"{year}|{number}|{region}0001|{int(region):02}00001|0|{int(region) * 1000 + n}|20|{absences}|0|0"
        for region, count in regions.items()
        for n in range(count)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def sent(year: int, number: int, delivered: str, mark: str = "") -> str:
    """Return the name of a month's file."""
    return f"SIAGIE_ASISTENCIA_{year}{number:02}_{delivered}{mark}.txt"
