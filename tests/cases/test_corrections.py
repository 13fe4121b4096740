"""Corrections and parts of regions, as offices send them: the stated outcome of each case."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pytest

from tests import closed
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
    closed.close(home)
    before = ask(home, "select * from features.child_features order by all")
    assert before
    land(home, sent(2024, 3, "20240415", "_C1"), month(2024, 3, BOTH, 2))
    closed.close(home)
    land(home, sent(2024, 3, "20240420", "_C1"), month(2024, 3, BOTH, 3))
    qhawaq(home.root, "--quiet", "build")
    assert months(home)[1] == (3, LIMA, 10, 30)
    assert ask(home, "select * from features.child_features order by all") == before


# Each case has a month of 2024 of its own in one home, so that three builds serve them all.
CLOSED, TOGETHER, APART, SAME_NAME, FIFTH, MORE = 3, 5, 6, 7, 8, 9
SAME = sent(2024, SAME_NAME, "20240810")
# What arrives before each build: name → absences of both regions, or how many pupils a region has, and absences.
ARRIVALS: tuple[tuple[tuple[str, int, dict[str, int], int], ...], ...] = (
    (
        (sent(2024, CLOSED, "20240415", "_C1"), CLOSED, BOTH, 2),
        (sent(2024, TOGETHER, "20240610"), TOGETHER, BOTH, 1),
        (sent(2024, TOGETHER, "20240610", "_A"), TOGETHER, BOTH, 2),
        (sent(2024, APART, "20240710"), APART, BOTH, 1),
        (SAME, SAME_NAME, BOTH, 1),
        (sent(2024, FIFTH, "20240910"), FIFTH, BOTH, 1),
        (sent(2024, FIFTH, "20240920", "_C1"), FIFTH, {LIMA: 10, CUSCO: 8}, 2),
        (sent(2024, MORE, "20241010"), MORE, BOTH, 1),
        (sent(2024, MORE, "20241020", "_C1"), MORE, {LIMA: 10, CUSCO: 7}, 2),
    ),
    (
        (sent(2024, CLOSED, "20240420", "_C2"), CLOSED, BOTH, 3),
        (sent(2024, APART, "20240710", "_B"), APART, BOTH, 2),
        (SAME, SAME_NAME, BOTH, 2),
        (sent(2024, FIFTH, "20240925", "_C2"), FIFTH, BOTH, 3),
        (sent(2024, MORE, "20241025", "_C2"), MORE, BOTH, 3),
    ),
    (
        (sent(2024, APART, "20240710", "_A"), APART, BOTH, 3),
        (SAME, SAME_NAME, BOTH, 3),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A home and, after each of its builds, what is known of each month and which files lack rows."""

    home: Home
    known: list[dict[int, list[tuple]]]
    shortfalls: list[list[tuple]]

    def of(self, month: int, build: int = -1) -> list[tuple]:
        """Return the regions of a month with rows and absences, as known after a build."""
        return self.known[build][month]


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Land what arrives, build, and again; the first month is closed before its corrections come."""
    built = Built(Home(tmp_path_factory.mktemp("corrected") / "home"), [], [])
    built.home.claim("real")
    land(built.home, sent(2024, CLOSED, "20240410"), month(2024, CLOSED, BOTH))
    with duckdb.connect(str(built.home.warehouse)) as db:
        db.execute("insert into raw.closed_dates values (date '2024-04-30')")
    for arrivals in ARRIVALS:
        for name, number, regions, absences in arrivals:
            deliver(built.home, name, month(2024, number, regions, absences))
        arrive(built.home)
        build(built.home)
        known: dict[int, list[tuple]] = {}
        for number, *rest in months(built.home):
            known.setdefault(number, []).append(tuple(rest))
        built.known.append(known)
        built.shortfalls.append(ask(built.home, "select period from raw.shortfalls where resolved_at is null"))
    return built


def both(absences: int) -> list[tuple]:
    """Return what is known of a month of both regions where each pupil was absent so many days."""
    return [(CUSCO, 10, 10 * absences), (LIMA, 10, 10 * absences)]


def test_two_corrections_of_a_closed_month_both_land(corrected: Built) -> None:
    """Both count from the day after the last closed date: the later one then."""
    assert corrected.of(CLOSED, 0) == both(2)
    held = ask(
        corrected.home,
        "select distinct absence_days, known_at::varchar, known_until::varchar "
        f"from intermediate.int_attendance__months where month = {CLOSED} order by 2",
    )
    assert held == [(0, "2024-04-10", "2024-05-01"), (3, "2024-05-01", "9999-12-31")]


@pytest.mark.parametrize(("case_month", "absences"), [(TOGETHER, [2]), (APART, [1, 2, 3])])
def test_of_two_files_of_one_day_the_later_arrival_counts(
    corrected: Built, case_month: int, absences: list[int]
) -> None:
    """Whether they arrive together or one after the other."""
    assert [corrected.of(case_month, n) for n in range(len(absences))] == list(map(both, absences))


def test_same_name_correction(corrected: Built) -> None:
    """Another content under a landed name is a new delivery that corrects the former; the same content a duplicate."""
    home = corrected.home
    assert [corrected.of(SAME_NAME, n) for n in range(3)] == [both(1), both(2), both(3)]
    stem = SAME.removesuffix(".txt")
    held = {SAME: "superseded", f"{stem}~2.txt": "superseded", f"{stem}~3.txt": "landed"}
    assert {name: status for name, status in statuses(home).items() if name.startswith(stem)} == held
    for absences in (3, 1):
        deliver(home, SAME, month(2024, SAME_NAME, BOTH, absences))
        assert "1 duplicate" in qhawaq(home.root, "--quiet", "land").stdout
    build(home)
    assert [row[1:] for row in months(home) if row[0] == SAME_NAME] == both(3)
    assert not any(home.inbox.iterdir())
    of_month = f"from raw.siagie_attendance where mes = {SAME_NAME}"
    assert ask(home, f"select count(*), count(distinct (_file, _line)) {of_month}") == [(60, 60)]


def test_content_of_before_a_correction_lands_again_under_another_name(home: Home) -> None:
    """The office says that the first was right after all. Without a correction in between it is a duplicate."""
    names = [sent(2024, 4, f"202405{day}") for day in (10, 15, 20, 25, 26)]
    land(home, names[0], month(2024, 4, BOTH, 1))
    land(home, sent(2024, 5, "20240610"), month(2024, 5, BOTH, 2))  # of another scope
    land(home, names[1], month(2024, 4, BOTH, 1))
    assert statuses(home)[names[1]] == "duplicate"
    land(home, names[2], month(2024, 4, {LIMA: 10}, 2))
    land(home, names[3], month(2024, 4, BOTH, 1))
    assert statuses(home) == {names[0]: "superseded", names[1]: "duplicate", names[2]: "superseded", names[3]: "landed",
                              sent(2024, 5, "20240610"): "landed"}  # fmt: skip
    land(home, names[4], month(2024, 4, BOTH, 1))
    assert statuses(home)[names[4]] == "duplicate"
    build(home)
    assert [row[1:] for row in months(home) if row[0] == 4] == both(1)


def test_content_of_before_a_correction_that_never_counted_is_a_duplicate(home: Home) -> None:
    """It lacked too many rows, so the former ones stayed."""
    first, lacking, again = (sent(2024, 4, f"202405{day}") for day in ("10", "15", "20"))
    land(home, first, month(2024, 4, BOTH, 1))
    land(home, lacking, month(2024, 4, {LIMA: 1}, 2))
    land(home, again, month(2024, 4, BOTH, 1))
    assert statuses(home)[again] == "duplicate"


def test_content_of_before_a_familys_correction_is_a_duplicate(home: Home) -> None:
    """An office that sends its file once more takes no family's right away."""
    first, family, again = (sent(2024, 4, f"202405{day}") for day in ("10", "15_RECT001", "20"))
    land(home, first, month(2024, 4, BOTH, 1))
    land(home, family, month(2024, 4, {LIMA: 10}, 2))
    land(home, again, month(2024, 4, BOTH, 1))
    assert statuses(home)[family] == "landed"
    assert statuses(home)[again] == "duplicate"


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
    near = 5 * round(before / 5)  # rows of children, as everybody may see them
    assert near >= 10
    assert told == [(CUSCO, False, f"missing against the former delivery: {near} rows of {near}; the former rows stay")]


@pytest.mark.parametrize(("case_month", "left", "stays"), [(FIFTH, 8, False), (MORE, 7, True)])
def test_what_a_correction_lacks_ends_within_the_limit(
    corrected: Built, case_month: int, left: int, stays: bool
) -> None:
    """The contract's limit is a fifth: exactly a fifth may be absent."""
    cusco, lima = corrected.of(case_month, 0)
    assert cusco == ((CUSCO, 10, 10) if stays else (CUSCO, left, 2 * left))
    assert lima == (LIMA, 10, 20)
    period = (f"2024{case_month:02}",)
    assert (period in corrected.shortfalls[0]) == stays
    assert period not in corrected.shortfalls[1]
    assert corrected.of(case_month, 1) == both(3)


def test_a_region_that_stops_sending_is_named_in_the_first_month_and_in_the_next(home: Home) -> None:
    land(home, sent(2023, 12, "20240110"), month(2023, 12, BOTH))
    for number in (3, 4):
        land(home, sent(2024, number, f"20240{number + 1}10"), month(2024, number, {LIMA: 10}))
    named = ask(home, "select period, region, n_rows, n_before from raw.withheld where resolved_at is null order by 1")
    assert named == [("202403", CUSCO, 0, 10), ("202404", CUSCO, 0, 10)]
    land(home, sent(2024, 3, "20240520", "_CUSCO"), month(2024, 3, {CUSCO: 5}))
    named = ask(home, "select period, resolved_at is null from raw.withheld order by 1")
    assert named == [("202403", False), ("202404", True)], "exactly half of the rows is enough"
