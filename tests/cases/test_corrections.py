"""Corrections and parts of regions, as offices send them: the stated outcome of each case."""

from __future__ import annotations

import duckdb
import pytest

from tests.cases.deliveries import (
    ATTENDANCE,
    BOTH,
    CUSCO,
    LIMA,
    arrive,
    ask,
    build,
    case,
    land,
    month,
    months,
    sent,
    statuses,
)
from tests.cases.home import CASES
from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse.settings import Home


@pytest.mark.long
def test_two_corrections_after_the_last_closed_date(home: Home) -> None:
    land(home, "SIAGIE_MATRICULA_2024_20240329.txt", samples.enrollment())
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH))
    land(home, sent(2024, 4, "20240510"), month(2024, 4, BOTH))
    qhawaq(home.root, "--quiet", "build")
    closed = ask(home, "select * from features.child_features order by all")
    assert closed
    for day, absences in (("20240415", 2), ("20240420", 3)):
        land(home, sent(2024, 3, day, "_C1"), month(2024, 3, BOTH, absences))
        qhawaq(home.root, "--quiet", "build")
    assert months(home)[1] == (3, LIMA, 10, 30)
    assert ask(home, "select * from features.child_features order by all") == closed


def test_two_corrections_of_a_closed_month_both_land(home: Home) -> None:
    """Both count from the day after the last closed date: the later one then."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH))
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("insert into raw.closed_dates values (date '2024-04-30')")
    for day, absences in (("20240415", 2), ("20240420", 3)):
        land(home, sent(2024, 3, day, "_C1"), month(2024, 3, BOTH, absences))
        build(home)
    held = ask(
        home,
        "select distinct absence_days, known_at::varchar, known_until::varchar "
        "from intermediate.int_attendance__months order by 2",
    )
    assert held == [(0, "2024-04-10", "2024-05-01"), (3, "2024-05-01", "9999-12-31")]


@pytest.mark.parametrize("together", [True, False])
def test_of_two_files_of_one_day_the_later_arrival_counts(home: Home, together: bool) -> None:
    deliver(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    if not together:
        arrive(home)
    deliver(home, sent(2024, 3, "20240410", "_A" if together else "_B"), month(2024, 3, BOTH, 2))
    arrive(home)
    build(home)
    assert months(home) == [(3, CUSCO, 10, 20), (3, LIMA, 10, 20)]
    if not together:
        land(home, sent(2024, 3, "20240410", "_A"), month(2024, 3, BOTH, 3))
        build(home)
        assert months(home)[0] == (3, CUSCO, 10, 30)


def test_same_name_correction(home: Home) -> None:
    """Another content under a landed name is a new delivery that corrects the former; the same content a duplicate."""
    name = sent(2024, 3, "20240410")
    for absences in (1, 2, 3):
        land(home, name, month(2024, 3, BOTH, absences))
        build(home)
        assert months(home)[0] == (3, CUSCO, 10, 10 * absences)
    stem = name.removesuffix(".txt")
    held = {name: "superseded", f"{stem}~2.txt": "superseded", f"{stem}~3.txt": "landed"}
    assert statuses(home) == held
    for absences in (3, 1):
        deliver(home, name, month(2024, 3, BOTH, absences))
        assert "1 duplicate" in qhawaq(home.root, "--quiet", "land").stdout
    build(home)
    assert months(home)[0] == (3, CUSCO, 10, 30)
    assert not any(home.inbox.iterdir())
    assert ask(home, "select count(*), count(distinct (_file, _line)) from raw.siagie_attendance") == [(60, 60)]


def test_the_case_of_a_correction_under_the_same_name(home: Home) -> None:
    case(home, "same-name-correction")
    arrive(home)
    build(home)
    (name,) = statuses(home)
    n = ask(home, "select count(*), sum(absence_days) from intermediate.int_attendance__months")
    content = (CASES / "same-name-correction" / name).read_text(encoding="latin-1").splitlines()
    less = [line.rsplit("|", 3)[0] + "|9|0|0" for line in content[1:]]
    land(home, name, "\n".join([content[0], *less]) + "\n")
    build(home)
    assert sorted(statuses(home).values()) == ["landed", "superseded"]
    now = ask(
        home,
        "select count(*), sum(absence_days) from intermediate.int_attendance__months "
        "where known_until = date '9999-12-31'",
    )
    assert now == [(n[0][0], 9 * n[0][0])]


def test_regional_parts_on_two_days(home: Home) -> None:
    """A part replaces only its own region and month: both stand."""
    case(home, "regional-parts-on-two-days")
    arrive(home)
    build(home)
    assert [row[:3] for row in months(home) if row[0] == 4] == [(4, CUSCO, 40), (4, LIMA, 40)]
    assert set(statuses(home).values()) == {"landed"}
    assert ask(home, "select * from raw.shortfalls") == []
    assert ask(home, "select region, known_at::varchar, resolved_at::varchar from raw.withheld") == [
        (CUSCO, "2024-05-10", "2024-05-11")
    ]
    land(home, sent(2024, 4, "20240520", "_LIMA2"), month(2024, 4, {LIMA: 40}))
    build(home)
    assert [row[:3] for row in months(home) if row[0] == 4] == [(4, CUSCO, 40), (4, LIMA, 40)]


def test_correction_lacks_region(home: Home) -> None:
    """The region stays as it was, and sender and operations are told."""
    case(home, "correction-lacks-region")
    arrive(home)
    build(home, *ATTENDANCE, "withheld_periods")
    before = ask(
        home,
        "select count(*) from raw.siagie_attendance where mes = 10 and left(cod_ugel, 2) = '08' "
        "and _file like '%1110.txt'",
    )[0][0]
    assert before > 0
    assert [row[2] for row in months(home) if row[:2] == (10, CUSCO)] == [before]
    assert ask(home, "select region, n_missing, n_before from raw.shortfalls") == [(CUSCO, before, before)]
    (sheet,) = [path.read_text() for path in home.fault_sheets.glob("*C1*.md")]
    assert f"faltan {before} de las {before} filas del envío anterior" in sheet
    told = ask(home, "select department_code, is_missing, reason from operations.withheld_periods")
    assert told == [
        (CUSCO, False, f"missing against the former delivery: {before} rows of {before}; the former rows stay")
    ]


@pytest.mark.parametrize(("left", "stays"), [(8, False), (7, True)])
def test_what_a_correction_lacks_ends_within_the_limit(home: Home, left: int, stays: bool) -> None:
    """The contract's limit is a fifth: exactly a fifth may be absent."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    land(home, sent(2024, 3, "20240420", "_C1"), month(2024, 3, {LIMA: 10, CUSCO: left}, 2))
    build(home)
    assert months(home)[0] == ((3, CUSCO, 10, 10) if stays else (3, CUSCO, 8, 16))
    assert months(home)[1] == (3, LIMA, 10, 20)
    assert len(ask(home, "select * from raw.shortfalls")) == stays
    land(home, sent(2024, 3, "20240425", "_C2"), month(2024, 3, BOTH, 3))
    assert ask(home, "select * from raw.shortfalls where resolved_at is null") == []
    build(home)
    assert months(home)[0] == (3, CUSCO, 10, 30)


def test_a_region_that_stops_sending_is_named_in_the_first_month_and_in_the_next(home: Home) -> None:
    land(home, sent(2023, 12, "20240110"), month(2023, 12, BOTH))
    for number in (3, 4):
        land(home, sent(2024, number, f"20240{number + 1}10"), month(2024, number, {LIMA: 10}))
    named = ask(home, "select period, region, n_rows, n_before from raw.withheld where resolved_at is null order by 1")
    assert named == [("202403", CUSCO, 0, 10), ("202404", CUSCO, 0, 10)]
    land(home, sent(2024, 3, "20240520", "_CUSCO"), month(2024, 3, {CUSCO: 5}))
    named = ask(home, "select period, resolved_at is null from raw.withheld order by 1")
    assert named == [("202403", False), ("202404", True)], "exactly half of the rows is enough"
