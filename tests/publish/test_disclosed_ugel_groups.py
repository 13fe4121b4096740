"""Groups of UGELs tell nothing of each other, of their UGEL or of the department's group that is hidden."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.publish.test_disclosure import Counts, assert_safe, counts
from warehouse.publish.disclosure import indicators
from warehouse.publish.disclosure.attack import attack
from warehouse.publish.disclosure.cells import HIDDEN, NATION, Block, Cell
from warehouse.publish.disclosure.indicators import decide_in_stages, first_look
from warehouse.publish.disclosure.parts import StillBounded, hide_wholes

MEN, WOMEN = "sex=varón", "sex=mujer"
Sexes = dict[str, tuple[int, ...]]


def summed(parts: Counts) -> Counts:
    """Return groups of UGELs with all that they add up to."""
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for cell, n in parts.items():
        places = {(NATION, ""), (cell.department, ""), (cell.department, cell.ugel)}
        for (department, ugel), group in itertools.product(places, ("", cell.group)):
            whole = found[Cell(cell.indicator, department, group, ugel)]
            whole[:] = whole[0] + n[0], whole[1] + n[1]
    return {cell: (pupils, cases) for cell, (pupils, cases) in found.items()}


def offices(department: str, parts: list[tuple[tuple[int, int], tuple[int, int]]]) -> Counts:
    """Return the true counts of women and men of the UGELs of a department."""
    return {
        Cell("over_age", department, group, f"{department}000{n}"): one
        for n, both in enumerate(parts)
        for group, one in zip((WOMEN, MEN), both, strict=True)
    }


def of_kind(block: Block, kind: str) -> Block:
    """Return the cells of one kind."""
    return {cell: shown for cell, shown in block.items() if cell.kind == kind}


LARGE = offices("02", [((300, 40), (300, 50)), ((300, 45), (300, 60))])


@pytest.mark.parametrize(("cases", "hidden"), [(9, {"010000", "010001"}), (10, set())])
def test_a_small_group_takes_the_other_one_and_those_of_another_ugel(cases: int, hidden: set[str]) -> None:
    """The UGEL tells the other group of it; the department's group tells the hidden one of that UGEL."""
    parts = [((300, cases), (300, 50)), ((300, 20), (300, 25)), ((300, 60), (300, 70))]
    decided = decide_in_stages(summed(offices("01", parts) | LARGE), {})
    mine = of_kind(decided, "ugel_groups")
    assert {cell.ugel for cell, shown in mine.items() if shown.is_hidden} == hidden
    assert all(shown.n_pupils for shown in mine.values())
    assert attack(decided) == []


def test_a_trait_of_which_no_ugel_shows_cases_shows_no_pupils_either() -> None:
    """Its department shows both groups; of its two UGELs the one is small, and takes the other with it."""
    decided = decide_in_stages(summed(offices("01", [((300, 9), (300, 50)), ((300, 20), (300, 25))]) | LARGE), {})
    mine = {cell: shown for cell, shown in of_kind(decided, "ugel_groups").items() if cell.department == "01"}
    assert set(mine.values()) == {HIDDEN}
    assert not any(shown.is_hidden for shown in of_kind(decided, "department_groups").values())


def test_a_group_that_its_department_does_not_show_is_shown_of_no_ugel() -> None:
    """All but nine of the women have it: nobody hears of them, nor of the men beside them."""
    decided = decide_in_stages(summed(offices("01", [((50, 46), (300, 50)), ((50, 45), (300, 60))]) | LARGE), {})
    assert Cell("over_age", "01", WOMEN) in {cell for cell, shown in decided.items() if shown.is_hidden}
    assert all(s.is_hidden for c, s in of_kind(decided, "ugel_groups").items() if c.department == "01")


def test_groups_of_the_only_ugel_are_shown_as_those_of_its_department() -> None:
    decided = decide_in_stages(summed(offices("01", [((300, 40), (300, 50))]) | LARGE), {})
    for group in (WOMEN, MEN):
        shown = decided[Cell("over_age", "01", group)]
        assert shown == decided[Cell("over_age", "01", group, "010000")] != HIDDEN


def test_offices_that_no_register_names_are_apart_in_each_department() -> None:
    """All of them have the same code."""
    one, other = (Cell("over_age", department, WOMEN, "000000") for department in ("01", "02"))
    assert not one.wholes.keys() & other.wholes.keys()


def by_office(indicator: str, department: str, sizes: Sexes, cases: Sexes) -> Counts:
    """Return the true counts of women and men of the UGELs of a department."""
    return {
        Cell(indicator, department, group, f"{department}000{n}"): both
        for group in sizes
        for n, both in enumerate(zip(sizes[group], cases[group], strict=True))
    }


def one_after_another(true: Counts) -> Block:
    """Return what is shown as a home is run: over-age is known in April, who leaves a year later."""
    shown = decide_in_stages({cell: n for cell, n in true.items() if cell.indicator == "over_age"}, {})
    return shown | decide_in_stages(true, shown)


def test_pupils_that_were_hidden_for_cases_may_be_known_when_they_are_many() -> None:
    """Nobody may know who leaves, and all is hidden a year later; those of over-age had told how many they all are."""
    sizes = {WOMEN: (317, 194, 77), MEN: (120, 215, 88)}
    true = by_office("over_age", "01", sizes, {WOMEN: (213, 0, 1), MEN: (12, 86, 41)})
    true |= by_office("ebr_exit", "01", sizes, {WOMEN: (4, 0, 4), MEN: (0, 4, 2)})
    assert_safe(one_after_another(summed(true)), summed(true))


def test_a_department_hides_more_where_its_parts_would_be_bounded_whatever_they_hide() -> None:
    """What departments show of who leaves and of who interrupts leaves parts of the first one no room."""
    sizes = {WOMEN: (240, 166), MEN: (190, 126)}, {WOMEN: (34,), MEN: (304,)}
    cases = {
        "over_age": ({WOMEN: (120, 148), MEN: (177, 17)}, {WOMEN: (0,), MEN: (76,)}),
        "ebr_exit": ({WOMEN: (51, 11), MEN: (24, 6)}, {WOMEN: (26,), MEN: (57,)}),
        "interruption": ({WOMEN: (2, 10), MEN: (6, 2)}, {WOMEN: (24,), MEN: (31,)}),
    }
    true: Counts = {}
    for indicator, of_departments in cases.items():
        for department, of_one, mine in zip(("01", "02"), sizes, of_departments, strict=True):
            true |= by_office(indicator, department, of_one, mine)
    assert_safe(one_after_another(summed(true)), summed(true))


def test_what_was_shown_before_and_bounds_a_count_by_itself_is_said() -> None:
    """As in test_disclosure: 40, 35 and 70 leave two hidden departments 0 or 1, and nothing new can be hidden."""
    kept = first_look(counts("over_age", [(900, 38), (900, 33), (900, 0), (900, 1)]))
    new = {Cell("over_age", "01", ugel="010000"): HIDDEN}
    with pytest.raises(StillBounded, match="over_age: what was shown before bounds a hidden count"):
        hide_wholes(new, kept)


@st.composite
def with_ugel_groups(draw: st.DrawFn) -> Counts:
    """Return counts of women and men of the UGELs of up to three departments, with all that they add up to."""
    most, few = draw(st.sampled_from([40, 120, 400])), draw(st.sampled_from([4, 25, 60]))
    parts: Counts = {}
    for department, n_offices in enumerate(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)), 1):
        for n, group in itertools.product(range(n_offices), (WOMEN, MEN)):
            pupils = draw(st.integers(0, most))
            leaving = draw(st.integers(0, min(pupils, few)))
            cases = {
                "over_age": draw(st.integers(0, pupils)),
                "ebr_exit": leaving,
                "interruption": draw(st.integers(0, leaving)),
            }
            code = f"{department:02}"
            parts |= {Cell(one, code, group, f"{code}000{n}"): (pupils, mine) for one, mine in cases.items()}
    return summed(parts)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugel_groups())
def test_no_hidden_count_of_a_group_of_a_ugel_is_bounded(true: Counts) -> None:
    assert_safe(decide_in_stages(true, {}), true)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugel_groups())
def test_no_hidden_count_is_bounded_when_indicators_are_decided_one_after_another(true: Counts) -> None:
    assert_safe(one_after_another(true), true)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugel_groups())
def test_what_is_decided_at_once_is_what_is_decided_stage_by_stage(true: Counts) -> None:
    assert decide_in_stages(true, {}) == indicators._staged(true, {}, attack)
