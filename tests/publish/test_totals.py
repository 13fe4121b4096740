"""Totals of operations beside districts of officials: tried together, as whoever reads both files would."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from warehouse import database
from warehouse.pipeline import tables
from warehouse.publish import disclosure
from warehouse.publish.disclosure import totals
from warehouse.publish.disclosure.totals import DROPOUTS, PUPILS, WHOLE, Count, Seen
from warehouse.settings import Home

Place = tuple[int, str]


def released(country: Country, audience: str) -> list[Path]:
    return sorted((country.home.serving / audience).glob("*/qhawaq.duckdb"))


def told(country: Country) -> dict[Place, Seen]:
    """Return what every kept release of both audiences shows, by year and department."""
    found: dict[Place, Seen] = defaultdict(dict)
    for path in released(country, "officials"):
        for year, district, level, pupils, dropouts in read(
            path,
            "select school_year, district_code, level, n_pupils, null from published_enrollment union all "
            "select school_year, district_code, '*', n_pupils, n_dropouts from published_dropout",
        ):
            if level in (*totals.COUNTED, WHOLE):
                add(found[year, district[:2]], district, level, pupils, dropouts)
    for path in released(country, "operations"):
        for year, department, level, pupils, dropouts in read(
            path,
            "select school_year, department_code, level, n_published, null from control_totals union all "
            "select school_year, department_code, '*', n_published, n_published_exits from dropout_totals",
        ):
            if any(count[1] == level for count in found.get((year, department), ())):
                add(found[year, department], "", level, pupils, dropouts)
    return found


def read(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(sql).fetchall()


def add(seen: Seen, district: str, level: str, pupils: int | None, dropouts: int | None) -> None:
    """Add what a release shows; what was shown once is shown alike ever after."""
    both = {PUPILS: pupils} | ({DROPOUTS: dropouts} if level == WHOLE else {})
    for quantity, n in both.items():
        before = seen.get((district, level, quantity))
        assert None in (before, n) or before == n
        seen[district, level, quantity] = n if before is None else before


def by_districts_alone(seen: Seen) -> set[Count]:
    """Return what no total tells: where the ministry's two files count different pupils, and a belief is wrong."""
    return {one.count for one in totals.attack({count: n for count, n in seen.items() if count[0]})}


def test_no_hidden_district_is_bounded_by_totals_of_its_department(country: Country) -> None:
    places = told(country)
    hidden = [count for seen in places.values() for count, n in seen.items() if n is None and count[0]]
    shown = [count for seen in places.values() for count, n in seen.items() if n is not None and not count[0]]
    assert len(hidden) > 300
    assert len(shown) > 100
    found = {
        place: {one.count for one in totals.attack(seen)} - by_districts_alone(seen) for place, seen in places.items()
    }
    assert {place: bounded for place, bounded in found.items() if bounded} == {}


def test_the_attack_finds_totals_that_are_told_as_they_were(country: Country) -> None:
    """Every total told rounded to five, as former code did, tells some districts of the small country."""
    with database.warehouse(country.home, read_only=True) as db:
        places = totals._counts(db)
    found = [
        one
        for counts in places.values()
        for one in totals.attack(totals._districts(counts) | totals._alone(counts))
        if one.count not in by_districts_alone(totals._districts(counts))
    ]
    assert len(found) > 5
    truth = {count: n for counts in places.values() for count, (n, _) in counts.items()}
    assert any(one.low <= truth[one.count] <= one.high for one in found)


A, B, C = (("15010" + n, "F0", PUPILS) for n in "123")
F0 = ("", "F0", PUPILS)
WHOLES = {(code, WHOLE, PUPILS): n for code, n in (("150101", 40), ("150102", 60), ("150103", None))}
LEAVERS = {(code, WHOLE, DROPOUTS): n for code, n in (("150101", 10), ("150102", 15), ("150103", None))}


@pytest.mark.parametrize(
    ("seen", "bounded"),
    [({A: 40, B: 60, C: None, F0: 105}, []),  # one to nine
     ({A: 40, B: 60, C: None, F0: 115}, [(C, 9, 9)]),
     ({A: 40, C: None, F0: 40}, []),
     ({A: 40, C: None, F0: 50}, [(C, 6, 9)]),
     ({A: 40, B: 60, C: None, F0: None}, []),
     ({A: 40, B: None, C: None, F0: 50}, []),  # 6 to 14 of two
     ({A: 40, B: None, C: None, F0: 60}, [(B, 7, 9), (C, 7, 9)]),
     (WHOLES | {("", WHOLE, PUPILS): 100} | LEAVERS | {("", WHOLE, DROPOUTS): 25}, []),
     (WHOLES | {("", WHOLE, PUPILS): 105} | LEAVERS | {("", WHOLE, DROPOUTS): 40}, [(("150103", WHOLE, quantity), 9, 9) for quantity in (PUPILS, DROPOUTS)])],
)  # fmt: skip
def test_what_a_total_leaves_for_the_hidden_districts(seen: Seen, bounded: list[tuple[Count, int, int]]) -> None:
    assert [(one.count, one.low, one.high) for one in totals.attack(seen)] == bounded


def test_a_level_is_told_by_the_other_and_the_whole() -> None:
    seen: Seen = {A: 40, ("150101", "B0", PUPILS): 30, ("150102", "B0", PUPILS): None, B: 40,
                  ("", "B0", PUPILS): None, ("", "F0", PUPILS): 80, ("150101", WHOLE, PUPILS): 70,
                  ("150102", WHOLE, PUPILS): None}  # fmt: skip
    assert totals.attack(seen) == []
    (one,) = {
        one.count: one for one in totals.attack(seen | {("", WHOLE, PUPILS): 125}) if one.count[1] == "B0"
    }.values()
    assert one.count == ("150102", "B0", PUPILS)


def test_of_totals_that_tell_a_district_as_few_as_do_are_hidden() -> None:
    districts: Seen = {A: 40, C: None, ("150101", WHOLE, PUPILS): 40, ("150101", WHOLE, DROPOUTS): 10}
    alone: Seen = {F0: 40, ("", WHOLE, PUPILS): 40, ("", WHOLE, DROPOUTS): 10}
    assert totals.decide(alone, districts) == alone
    leaking = alone | {F0: 50}
    assert totals.decide(leaking, districts) == dict.fromkeys(leaking)
    dropouts = districts | {("150103", WHOLE, PUPILS): 20, ("150103", WHOLE, DROPOUTS): None}
    some = {F0: 40, ("", WHOLE, PUPILS): 60, ("", WHOLE, DROPOUTS): 20}
    assert totals.decide(some, dropouts) == some | {("", WHOLE, DROPOUTS): None}


def test_what_was_told_is_kept_until_it_tells_a_district(home: Home) -> None:
    """Two districts of 38 are told as 40, their sum as 75; a third that comes later can then be none or one."""
    with database.warehouse(home) as db:
        tables.prepare(db)
        db.execute("insert into raw.calendar values (date '2025-12-05')")
        db.execute(
            "create schema staging; create schema intermediate; create table staging.departments as select '15' as "
            "department_code; create table intermediate.int_ministry__dropouts as select 2024 as school_year, '150101' as "
            "district_code, 0 as n_pupils, 0 as n_dropouts where false; create table intermediate.int_ministry__districts "
            "as select 2024 as school_year, '15010' || n as district_code, 'F0' as level, 38 as n_pupils from range(1, 3) as t(n)"
        )
        db.execute(
            "insert into raw.official_districts by name "
            "select school_year, district_code, level, 40 as n_pupils from intermediate.int_ministry__districts"
        )
        assert totals.decide_new(db) == 1
        assert totals.decide_new(db) == 0
        ledger = f"select department_code, level, n_pupils, n_dropouts from {totals.LEDGER}"
        assert db.execute(ledger).fetchall() == [("15", "F0", 75, None)]
        db.execute("update intermediate.int_ministry__districts set n_pupils = 44 where district_code = '150101'")
        assert totals.decide_new(db) == 0
        db.execute("insert into intermediate.int_ministry__districts values (2024, '150103', 'F0', 8)")
        assert totals.decide_new(db) == 1
        assert db.execute(ledger).fetchall() == [("15", "F0", None, None)]
        assert totals.decide_new(db) == 0


def test_totals_are_decided_with_all_others() -> None:
    assert "operations_totals" in disclosure.DDL
