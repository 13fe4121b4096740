"""Who is enrolled at which age: what it tells of flows, of those who begin school, and of those who are at none."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.publish.test_disclosed_years import bounds, nation
from tests.publish.test_disclosure import Counts, assert_safe
from warehouse.publish.disclosure.attack import Ranges, attack
from warehouse.publish.disclosure.cells import AGES, FLOWS, HIDDEN, NATION, Block, Cell, Shown, family
from warehouse.publish.disclosure.indicators import decide_in_stages
from warehouse.publish.disclosure.inequalities import Inequalities

OF_AGE, BEGINS, AT_SCHOOL = map(nation, AGES)


def believed(block: Block, cell: Cell, quantity: str) -> tuple[int, int]:
    """Return what a hidden count can be by what is nearly true too."""
    ranges = Ranges(Inequalities(block, True))
    return ranges.of(ranges.at[cell, quantity])


def test_who_is_of_a_flow_is_enrolled() -> None:
    block = {OF_AGE: Shown(100, 50), nation("promotion"): HIDDEN}
    assert bounds(block, nation("promotion"), "pupils") == (0, 102)


def test_who_begins_school_is_enrolled_and_at_six_of_official_age() -> None:
    block = {OF_AGE: Shown(500, 300), BEGINS: Shown(400, None)}
    assert bounds(block, BEGINS, "cases") == (0, 302)
    assert bounds({OF_AGE: Shown(100, 50), BEGINS: HIDDEN}, BEGINS, "pupils") == (0, 102)


def test_who_begins_late_can_be_of_official_age() -> None:
    """At seven in first grade: nothing is said of those who are not cases."""
    block = {OF_AGE: Shown(500, 490), BEGINS: Shown(100, None)}
    assert bounds(block, BEGINS, "others") == (0, 102)


def test_who_is_at_the_level_of_the_age_is_no_secret_where_it_is_shown_of_the_level() -> None:
    block = {OF_AGE: Shown(500, 400), AT_SCHOOL: Shown(450, None)}
    assert bounds(block, AT_SCHOOL, "cases") == (398, 402)
    assert attack(block) == []


def test_who_is_at_another_level_is_one() -> None:
    """From 8 to 12 at another level if all counts are as they may be: what is 6 at least, and nobody else, is few."""
    block = {OF_AGE: Shown(500, 400), AT_SCHOOL: Shown(410, None)}
    assert {(b.cell, b.quantity, b.low) for b in attack(block)} == {(AT_SCHOOL, "others", 6)}


@pytest.mark.parametrize(("cases", "shown"), [(500 - 9, HIDDEN), (500 - 10, Shown(490, None))])
def test_children_at_school_are_told_only_where_those_of_official_age_are(cases: int, shown: Shown) -> None:
    """Nearly all of them are at the level of their age: beside its pupils they would tell how many are too old for it."""
    true = {OF_AGE: (500, cases), AT_SCHOOL: (cases, cases)}
    assert decide_in_stages(true, {})[AT_SCHOOL] == shown


def test_who_begins_first_grade_is_believed_to_be_of_it() -> None:
    block = {BEGINS: HIDDEN, nation("promotion", "grade=04"): Shown(40, None)}
    assert believed(block, BEGINS, "pupils") == (0, 42)
    assert bounds(block, BEGINS, "pupils")[1] > 1000


def test_who_is_over_age_in_the_last_two_grades_is_believed_to_be_too_old() -> None:
    """Ten of eighth grade are two years behind and so twelve at least; of seventh they are eleven."""
    block = {OF_AGE: Shown(1000, None)} | {nation("over_age", f"grade=0{n}"): Shown(200, 20) for n in (7, 8, 9)}
    assert believed(block, OF_AGE, "others")[0] == 2 * 18
    assert bounds(block, OF_AGE, "others")[0] == 0


def test_ages_are_tried_with_flows_and_decided_once() -> None:
    assert {family(indicator) for indicator in (*AGES, *FLOWS)} == {"april"}
    kept = decide_in_stages({OF_AGE: (1000, 900)}, {})
    later = {Cell("official_age", "01"): (500, 450), Cell("official_age", "02"): (510, 460), OF_AGE: (1010, 910)}
    assert decide_in_stages(later, kept) == {}


@st.composite
def countries(draw: st.DrawFn) -> Counts:
    """Return counts of pupils of primary in departments, by when they began and how old they are, and what they add up to."""
    true: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    few = st.sampled_from([2, 12, 40])
    for department in draw(st.lists(st.sampled_from(["01", "02", "03", "04"]), min_size=1, unique=True)):
        six, late, of_age = (draw(st.integers(0, most)) for most in (60, draw(few), 300))
        too_old, elsewhere, dead = (draw(st.integers(0, draw(few))) for _ in range(3))
        first, higher = six + late, of_age + too_old
        promoted, gone = draw(st.integers(0, higher)), draw(st.integers(0, draw(few)))
        for indicator, group, pupils, cases in (
            ("official_age", "", first + higher + dead, first + of_age + dead),
            ("intake", "", first, six),
            ("in_school", "", first + of_age + dead + elsewhere, first + of_age + dead),
            ("promotion", "", first + higher, first + promoted),
            ("promotion", "grade=04", first, first),
            ("promotion", "grade=05", higher, promoted),
            ("grade_repetition", "", first + higher, max(0, higher - promoted - gone)),
            ("dropout", "", first + higher, min(gone, higher - promoted)),
        ):
            in_department = not group and indicator in ("promotion", *AGES)
            for place in [NATION, department][: 1 + in_department]:
                whole = true[Cell(indicator, place, group)]
                whole[:] = whole[0] + pupils, whole[1] + cases
    return {cell: (pupils, cases) for cell, (pupils, cases) in true.items()}


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(countries())
def test_no_hidden_count_of_a_country_is_bounded(true: Counts) -> None:
    assert_safe(decide_in_stages(true, {}), true)


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(countries())
def test_ages_hide_nothing_of_flows(true: Counts) -> None:
    flows = {cell: n for cell, n in true.items() if cell.indicator not in AGES}
    assert decide_in_stages(true, {}).items() >= decide_in_stages(flows, {}).items()


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(countries())
def test_what_flows_showed_before_bounds_no_age(true: Counts) -> None:
    """As a home that showed promotion before INEI's file came: all that is new is decided beside it."""
    shown = decide_in_stages({cell: n for cell, n in true.items() if cell.indicator not in AGES}, {})
    assert_safe(shown | decide_in_stages(true, shown), true)
