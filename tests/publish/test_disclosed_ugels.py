"""UGELs tell nothing of each other, of their department or of the nation that is hidden."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.publish.test_disclosure import Counts, assert_safe, blocks, counts
from warehouse.publish.disclosure import parts
from warehouse.publish.disclosure.attack import attack
from warehouse.publish.disclosure.cells import Block, Cell
from warehouse.publish.disclosure.indicators import decide, decide_in_stages


def offices(indicator: str, department: str, parts: list[tuple[int, int]]) -> Counts:
    """Return the true counts of the UGELs of a department."""
    return {Cell(indicator, department, ugel=f"{department}000{n}"): both for n, both in enumerate(parts)}


def told(block: Block) -> set[str]:
    """Return the UGELs of which something is shown."""
    return {cell.ugel for cell, shown in block.items() if not shown.is_hidden}


@pytest.mark.parametrize(("cases", "shown"), [(9, {"010002"}), (10, {"010000", "010001", "010002"})])
def test_a_small_ugel_takes_the_next_smallest_with_it(cases: int, shown: set[str]) -> None:
    wholes = decide(counts("over_age", [(900, 100 + cases), (900, 90), (900, 80)]), {})
    decided = parts.decide(offices("over_age", "01", [(300, cases), (300, 40), (300, 60)]), wholes)
    assert told(decided) == shown
    assert attack(wholes | decided) == []


def test_a_ugel_shows_nothing_that_its_department_does_not() -> None:
    """The second department is hidden for the first; its UGELs, large enough by themselves, would give both away."""
    wholes = decide(counts("over_age", [(500, 3), (500, 30), (500, 50)]), {})
    assert wholes[Cell("over_age", "02")].is_hidden
    decided = parts.decide(offices("over_age", "02", [(250, 15), (250, 15)]), wholes)
    assert told(decided) == set()


def test_the_only_ugel_of_a_department_is_shown_as_it_is() -> None:
    wholes = decide(counts("over_age", [(500, 40), (500, 30), (500, 50)]), {})
    decided = parts.decide(offices("over_age", "02", [(500, 30)]), wholes)
    assert list(decided.values()) == [wholes[Cell("over_age", "02")]]


def test_ugels_that_rounding_gives_away_are_hidden_with_their_department_alone() -> None:
    """As above: 38 and 33 shown as 40 and 35, and their department's 72 as 70, leave the small ones 0 or 1."""
    wholes = decide(counts("over_age", [(1200, 72), (900, 90), (900, 80)]), {})
    split_of_01 = offices("over_age", "01", [(300, 38), (300, 33), (300, 0), (300, 1)])
    decided = parts.decide(split_of_01 | offices("over_age", "02", [(400, 40), (500, 50)]), wholes)
    assert told(decided) == {"020000", "020001"}
    assert attack(wholes | decided) == []


def test_ugels_that_contradict_what_was_shown_before_are_hidden() -> None:
    """A corrected file came after the department was decided: its UGELs do not add up to it any more."""
    wholes = decide(counts("over_age", [(900, 100), (900, 90), (900, 80)]), {})
    decided = parts.decide(offices("over_age", "01", [(450, 150), (450, 150)]), wholes)
    assert told(decided) == set()


def test_ugels_shown_before_are_reckoned_with_when_a_department_is_decided() -> None:
    shown = decide(counts("ebr_exit", [(900, 40), (900, 90), (900, 80)]), {})
    shown |= parts.decide(offices("ebr_exit", "01", [(450, 20), (450, 20)]), shown)
    later = decide(counts("interruption", [(900, 12), (900, 30), (900, 30)]), shown)
    later |= parts.decide(offices("interruption", "01", [(450, 2), (450, 10)]), shown | later)
    assert attack(shown | later) == []


@st.composite
def with_ugels(draw: st.DrawFn) -> tuple[Counts, Counts]:
    """Return counts of departments as above, and each department's pupils in up to three UGELs."""
    wholes, parts = draw(blocks()), {}
    for department in sorted({cell.department for cell in wholes if "department" in cell.wholes}):
        n = wholes[Cell("over_age", department)][0]
        cuts = sorted(draw(st.lists(st.integers(0, n), max_size=2)))
        sizes = [high - low for low, high in zip([0, *cuts], [*cuts, n], strict=True)]
        leaving = dealt(draw, wholes[Cell("ebr_exit", department)][1], sizes)
        cases_of = {
            "over_age": dealt(draw, wholes[Cell("over_age", department)][1], sizes),
            "ebr_exit": leaving,
            "interruption": dealt(draw, wholes[Cell("interruption", department)][1], leaving),
        }
        for indicator, cases in cases_of.items():
            parts |= offices(indicator, department, list(zip(sizes, cases, strict=True)))
    return wholes, {cell: n for cell, n in parts.items() if n[0]}


def dealt(draw: st.DrawFn, cases: int, sizes: list[int]) -> list[int]:
    """Deal cases to groups, no more to each than it has."""
    found, room = [], sum(sizes)
    for size in sizes:
        room -= size
        found.append(draw(st.integers(max(0, cases - room), min(size, cases))))
        cases -= found[-1]
    return found


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugels())
def test_no_hidden_count_of_a_ugel_is_bounded(true: tuple[Counts, Counts]) -> None:
    every = true[0] | true[1]
    assert_safe(decide_in_stages(every, {}), every)


def test_what_is_decided_later_is_shown_though_parts_of_the_same_pupils_were_shown_before() -> None:
    """How many the pupils of a hidden count are is known to the last one, and no secret: who has it may be few."""
    sizes = [(202, 242, 157), (302, 127, 172), (222, 332, 147)]  # each rounded down by 2, and their sum up by 2
    pupils = [sum(of_department) for of_department in sizes]
    shown = decide(counts("over_age", [(n, n // 5) for n in pupils]), {})
    for n, of_department in enumerate(sizes, 1):
        cases = [size // 5 for size in of_department]
        cases[0] += sum(of_department) // 5 - sum(cases)
        shown |= parts.decide(offices("over_age", f"{n:02}", list(zip(of_department, cases, strict=True))), shown)
    assert len(told(shown)) == 10  # every UGEL, and no UGEL
    later = decide(counts("interruption", list(zip(pupils, (8, 11, 40), strict=True))), shown)
    assert {cell.department for cell, one in later.items() if one.is_hidden} == {"01", "02"}
    assert all(one.n_pupils for one in later.values())
    assert attack(shown | later) == []


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugels())
def test_no_hidden_count_is_bounded_when_indicators_are_decided_one_after_another(true: tuple[Counts, Counts]) -> None:
    """As a home is run: over-age is known in April, who leaves a year later, and parts are shown in between."""
    every = true[0] | true[1]
    shown = decide_in_stages({cell: n for cell, n in every.items() if cell.indicator == "over_age"}, {})
    assert attack(shown | decide_in_stages(every, shown)) == []
