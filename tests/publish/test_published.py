"""The ministry's counts by district: no whole tells a hidden level, whatever came first; what was shown stays."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Country, examples
from warehouse.pipeline import tables
from warehouse.publish import disclosure
from warehouse.publish.disclosure.published import WHOLE, District, decide, decide_new, is_bounded, seen


def level(pupils: int, withdrawn: int = 0, over_age: int = 0) -> tuple[int | None, ...]:
    return (pupils, withdrawn, over_age, None)


def whole(pupils: int, dropouts: int = 0) -> tuple[int | None, ...]:
    return (pupils, None, None, dropouts)


NOTHING = (None,) * 4


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (level(9), NOTHING),
        (level(10), (10, None, None, None)),
        (level(100, 9, 10), (100, None, 10, None)),
        (level(100, 90, 91), (100, 90, None, None)),
        (level(53, 12, 13), (55, 10, 15, None)),
        (whole(53, 13), (55, None, None, 15)),
    ],
)
def test_small_counts_and_their_complements_are_hidden(row: tuple, shown: tuple) -> None:
    assert seen(row) == shown


def test_a_whole_is_not_shown_beside_a_hidden_level() -> None:
    """20 in the district and 10 in primary leave secondary 6 to 9: four whole numbers."""
    assert is_bounded({WHOLE: (20,), "B0": (10,), "F0": (None,)})
    assert decide({WHOLE: whole(19), "B0": level(10), "F0": level(9)}, {}) == {
        WHOLE: NOTHING, "B0": (10, None, None, None), "F0": NOTHING,
    }  # fmt: skip
    assert decide({WHOLE: whole(20), "B0": level(10), "F0": level(10)}, {})[WHOLE][0] == 20


def test_a_whole_that_was_shown_hides_both_levels() -> None:
    kept = {WHOLE: (20, None, None, None)}
    assert decide({"B0": level(10), "F0": level(9)}, kept) == {"B0": NOTHING, "F0": NOTHING}
    assert decide({"B0": level(10), "F0": level(10)}, kept)["F0"][0] == 10
    assert decide({"B0": level(10), "F0": level(9), "A": level(30)}, kept)["A"][0] == 30


def test_what_was_shown_before_and_cannot_be_taken_back_leaves_a_row_out() -> None:
    assert decide({"F0": level(9)}, {WHOLE: (20, None, None, None), "B0": (10, None, None, None)}) == {}
    assert decide({WHOLE: whole(19)}, {"B0": (10, None, None, None), "F0": NOTHING}) == {WHOLE: NOTHING}


@pytest.mark.parametrize(("total", "others", "bounded"), [(100, 100, False), (20, 10, True), (20, 15, False)])
def test_five_whole_numbers_are_enough(total: int, others: int, bounded: bool) -> None:
    assert is_bounded({WHOLE: (total,), "B0": (others,), "F0": (None,)}) is bounded


def possible(shown: int | None) -> list[int]:
    """Return what a shown number can stand for."""
    return [n for n in range(150) if (n if shown is None else 5 * round(n / 5)) == (n if shown is None else shown)
            and (shown is None or n >= 10)]  # fmt: skip


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.permutations(["B0", "F0", WHOLE]), st.integers(1, 3))
def test_no_order_of_files_lets_a_hidden_level_be_told(primary: int, secondary: int, order: list, at_once: int) -> None:
    """By trying all whole numbers: those that explain everything shown leave five at least to a hidden level."""
    true = {"B0": level(primary), "F0": level(secondary), WHOLE: whole(primary + secondary)}
    shown: District = {}
    for start in range(0, 3, at_once):
        before = dict(shown)
        shown |= decide({name: true[name] for name in order[start : start + at_once]}, shown)
        assert all(shown[name] == row for name, row in before.items())
    told = {name: row[0] for name, row in shown.items()}
    hidden = [name for name in ("B0", "F0") if told.get(name, 0) is None]
    pairs = [
        (b, f)
        for b in possible(told.get("B0"))
        for f in possible(told.get("F0"))
        if told.get(WHOLE) is None or b + f in possible(told[WHOLE])
    ]
    if hidden:  # one at least is small, and all know it
        pairs = [pair for pair in pairs if min(pair["BF".index(name[0])] for name in hidden) < 10]
    assert (primary, secondary) in pairs
    for name in hidden:
        assert len({pair["BF".index(name[0])] for pair in pairs}) >= 5


def test_a_corrected_file_changes_nothing_that_was_shown() -> None:
    db = duckdb.connect()
    tables.prepare(db)
    db.execute("insert into raw.calendar values (date '2025-06-01')")
    db.execute("create schema intermediate")
    db.execute(
        "create table intermediate.int_ministry__districts as select 2024 as school_year, '010101' as district_code, "
        "'B0' as level, 2 as n_services, 103::bigint as n_pupils, 12::bigint as n_withdrawn, 3::bigint as n_over_age"
    )
    db.execute(
        "create table intermediate.int_ministry__dropouts as select 2024 as school_year, '010101' as district_code, "
        "160::bigint as n_pupils, 11::bigint as n_dropouts"
    )
    assert decide_new(db) == 2
    kept = db.execute("select * from raw.official_districts order by level").fetchall()
    assert [row[2:7] for row in kept] == [("*", 160, None, None, 10), ("B0", 105, 10, None, None)]
    db.execute("update intermediate.int_ministry__districts set n_pupils = 203, n_over_age = 50")
    assert decide_new(db) == 0
    db.execute("insert into intermediate.int_ministry__districts values (2024, '010101', 'F0', 1, 40, 0, 0)")
    assert decide_new(db) == 1
    assert db.execute("select * from raw.official_districts where level <> 'F0' order by level").fetchall() == kept


def test_the_country_shows_no_whole_beside_a_hidden_level(country: Country) -> None:
    """As an attacker would: from what officials read, and nothing else."""
    link = country.home.serving / "officials" / "current.duckdb"
    with duckdb.connect(str(link.resolve()), read_only=True) as db:
        levels = db.execute("select school_year, district_code, level, n_pupils from published_enrollment").fetchall()
        wholes = db.execute("select school_year, district_code, '*', n_pupils from published_dropout").fetchall()
    districts: dict[tuple, District] = {}
    for year, district, name, pupils in levels + wholes:
        districts.setdefault((year, district), {})[name] = (pupils,)
    assert sum((None,) in block.values() for block in districts.values()) > 20
    assert [where for where, block in districts.items() if is_bounded(block)] == []


def test_everything_that_officials_saw_is_kept(country: Country) -> None:
    for mart, kept in (
        ("select school_year, district_code, level, n_pupils, n_withdrawn, n_over_age from officials.published_enrollment",
         "select school_year, district_code, level, n_pupils, n_withdrawn, n_over_age from raw.official_districts"),
        ("select school_year, district_code, n_pupils, n_dropouts from officials.published_dropout",
         "select school_year, district_code, n_pupils, n_dropouts from raw.official_districts where level = '*'"),
        ("select support_code, outcome, judged_on, n_served, effect, is_shown from officials.program_effects",
         "select support_code, outcome, judged_on, n_served, effect, is_shown from raw.official_effects"),
    ):  # fmt: skip
        assert country.ask(f"{mart} except {kept}") == []
        assert country.ask(f"select count(*) from ({mart})") != [(0,)]


def test_an_effect_is_kept_once_and_again_when_it_changes() -> None:
    db = duckdb.connect()
    tables.prepare(db)
    db.execute("create schema officials")
    db.execute("insert into raw.calendar values (date '2025-06-01')")
    db.execute(
        "create table officials.program_effects as select 'TUTOR' as support_code, 'Tutoría' as service_name, "
        "'interruption' as outcome, date '2025-05-31' as judged_on, 200 as n_served, null::double as share_served, "
        "null::double as share_without, null::double as effect, null::double as effect_low, null::double as effect_high, "
        "null::double as smallest_visible_effect, null::double as e_value, null::double as e_value_of_limit, false as is_shown, 'pocos' as verdict_text"
    )
    disclosure.keep_effects(db)
    disclosure.keep_effects(db)
    assert db.execute("select count(*), min(shown_on) from raw.official_effects").fetchone()[0] == 1
    db.execute(
        "update officials.program_effects set n_served = 205, is_shown = true, effect = -0.02, smallest_visible_effect = 0.03"
    )
    disclosure.keep_effects(db)
    kept = db.execute(
        "select n_served, effect, smallest_visible_effect from raw.official_effects order by all"
    ).fetchall()
    assert kept == [(200, None, None), (205, -0.02, 0.03)]
