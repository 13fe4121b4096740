"""Indicators of school years: flows that part all pupils, absences within absences, and what is known of the last grade."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.publish.test_disclosure import Counts, assert_safe
from warehouse.publish.disclosure import attack as attacker
from warehouse.publish.disclosure.attack import Ranges, attack
from warehouse.publish.disclosure.cells import FLOWS, HIDDEN, NATION, Block, Cell, Shown, family
from warehouse.publish.disclosure.indicators import decide, decide_in_stages
from warehouse.publish.disclosure.inequalities import Inequalities

WOMEN, MEN = "sex=mujer", "sex=varón"


def nation(indicator: str, group: str = "") -> Cell:
    return Cell(indicator, NATION, group)


def bounds(block: Block, cell: Cell, quantity: str = "cases") -> tuple[int, int]:
    """Return what a hidden count can be, as far as solutions show."""
    ranges = Ranges(Inequalities(block))
    return ranges.of(ranges.at[cell, quantity])


def found(block: Block) -> set[tuple[str, str, int, int]]:
    return {(b.cell.indicator, b.cell.group, b.low, b.high) for b in attack(block) if b.quantity == "cases"}


def test_who_neither_is_promoted_nor_repeats_dropped_out() -> None:
    block = {
        nation("promotion"): Shown(20, 10),
        nation("grade_repetition"): Shown(20, 10),
        nation("dropout"): Shown(20, None),
    }
    assert found(block) == {("dropout", "", 0, 2)}


def test_two_flows_of_three_tell_nothing() -> None:
    assert attack({nation("promotion"): Shown(20, 10), nation("dropout"): Shown(20, None)}) == []


def test_who_missed_a_fifth_of_the_days_missed_a_tenth() -> None:
    block = {nation("chronic_absence"): Shown(500, None), nation("severe_absence"): Shown(500, 100)}
    assert bounds(block, nation("chronic_absence"))[0] == 98
    block = {nation("chronic_absence"): Shown(500, 15), nation("severe_absence"): Shown(500, None)}
    assert bounds(block, nation("severe_absence"), "others")[0] == 498 - 17


def test_the_last_grade_of_primary_is_promoted_by_the_transition() -> None:
    block = {
        nation("promotion"): Shown(1000, 900),
        nation("promotion", "grade=08"): Shown(None, None),
        nation("promotion", "grade=09"): Shown(None, None),
        nation("transition"): Shown(150, 130),
    }
    assert bounds(block, nation("promotion", "grade=09")) == (128, 132)


def test_who_did_not_go_on_was_not_promoted() -> None:
    block = {nation("promotion", WOMEN): Shown(500, 490), nation("transition", WOMEN): Shown(100, None)}
    assert bounds(block, nation("transition", WOMEN), "others")[1] == 502 - 488


BELIEVED = {
    nation("ebr_exit"): Shown(1000, 50),
    nation("ebr_exit", WOMEN): Shown(500, None),
    nation("ebr_exit", MEN): Shown(500, None),
    nation("dropout", WOMEN): Shown(500, 10),
    nation("dropout", MEN): Shown(500, 40),
}


def test_who_left_between_april_and_april_is_believed_to_have_dropped_out() -> None:
    """Of the 48 at least who left no more than 42 are men: the women are six at least, and few enough to be hidden."""
    assert ("ebr_exit", WOMEN) in {one[:2] for one in found(BELIEVED)}
    assert attacker._attacked(tuple(BELIEVED.items())) == ()


def test_a_belief_that_contradicts_what_is_shown_tells_nothing() -> None:
    """More left than dropped out, which can be: late corrections."""
    assert attack(BELIEVED | {nation("dropout", WOMEN): Shown(500, 10), nation("dropout", MEN): Shown(500, 10)}) == []


def test_flows_are_tried_with_what_april_tells_and_absences_with_each_other() -> None:
    assert {family(flow) for flow in (*FLOWS, "transition", "ebr_exit")} == {"april"}
    assert family("chronic_absence") == family("severe_absence") != family("low_attendance")


def test_a_year_is_decided_once() -> None:
    """As known now: a later delivery moves pupils, and what it adds would not add up to what was shown."""
    kept = decide({nation("dropout"): (1000, 50)}, {})
    later = {nation("dropout", WOMEN): (510, 12), nation("over_age"): (1000, 100), nation("dropout"): (1010, 60)}
    assert set(decide_in_stages(later, kept)) == {nation("over_age")}


def test_what_contradicts_what_was_shown_is_hidden() -> None:
    kept = decide({nation("over_age"): (1000, 100)}, {})
    new = {nation("over_age", "grade=04"): (700, 90), nation("over_age", "grade=05"): (700, 90)}
    assert set(decide(new, kept).values()) == {HIDDEN}


@pytest.mark.parametrize("shown", [Shown(600, 100), Shown(600, None), HIDDEN])
def test_the_only_group_is_shown_as_the_nation_was(shown: Shown) -> None:
    only = nation("over_age", "management=pública")
    assert decide({only: (640, 110)}, {nation("over_age"): shown}) == {only: shown}


@st.composite
def years(draw: st.DrawFn) -> Counts:
    """Return counts of women and men of departments, of whom each flows somewhere, and all that they add up to."""
    true: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    few = st.sampled_from([2, 12, 40])
    for department in draw(st.lists(st.sampled_from(["01", "02", "03", "04"]), min_size=1, unique=True)):
        for group in (WOMEN, MEN):
            gone, repeating, promoted = (draw(st.integers(0, most)) for most in (draw(few), draw(few), 400))
            n = gone + repeating + promoted
            last = draw(st.integers(0, promoted)), draw(st.integers(0, gone + repeating))
            chronic = draw(st.integers(0, n))
            for indicator, pupils, cases in (
                ("promotion", n, promoted),
                ("grade_repetition", n, repeating),
                ("dropout", n, gone),
                ("ebr_exit", n, draw(st.integers(0, gone))),
                ("transition", sum(last), last[0]),
                ("chronic_absence", n, chronic),
                ("severe_absence", n, draw(st.integers(0, chronic))),
            ):
                places = {(NATION, ""), (NATION, group)}
                if indicator in ("promotion", "chronic_absence", "ebr_exit"):
                    places |= {(department, "")}
                if indicator == "chronic_absence":
                    places |= {(department, group)}
                for place in places:
                    whole = true[Cell(indicator, *place)]
                    whole[:] = whole[0] + pupils, whole[1] + cases
            for grade, (pupils, cases) in (("08", (n - sum(last), promoted - last[0])), ("09", (sum(last), last[0]))):
                whole = true[nation("promotion", f"grade={grade}")]
                whole[:] = whole[0] + pupils, whole[1] + cases
    return {cell: (pupils, cases) for cell, (pupils, cases) in true.items()}


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(years(), st.sampled_from(["april", "absence"]))
def test_no_hidden_count_of_a_year_is_bounded(every: Counts, name: str) -> None:
    true = {cell: n for cell, n in every.items() if family(cell.indicator) == name}
    assert_safe(decide_in_stages(true, {}), true)


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(years())
def test_what_april_showed_before_bounds_no_flow(every: Counts) -> None:
    """As a home that showed exits before flows were shown: all that is new is decided beside it."""
    true = {cell: n for cell, n in every.items() if family(cell.indicator) == "april"}
    shown = decide_in_stages({cell: n for cell, n in true.items() if cell.indicator == "ebr_exit"}, {})
    assert_safe(shown | decide_in_stages(true, shown), true)


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(years())
def test_flows_hide_nothing_of_what_april_shows(every: Counts) -> None:
    true = {cell: n for cell, n in every.items() if family(cell.indicator) == "april"}
    exits = {cell: n for cell, n in true.items() if cell.indicator == "ebr_exit"}
    assert decide_in_stages(true, {}).items() >= decide_in_stages(exits, {}).items()
