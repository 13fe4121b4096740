"""Groups of a department tell nothing of each other, of their department or of the nation's group that is hidden."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.publish.test_disclosed_ugels import dealt
from tests.publish.test_disclosure import Counts, assert_safe, blocks, counts
from warehouse.publish.disclosure import parts
from warehouse.publish.disclosure.attack import attack
from warehouse.publish.disclosure.cells import NATION, Block, Cell
from warehouse.publish.disclosure.indicators import decide, decide_in_stages

MEN, WOMEN = "sex=varón", "sex=mujer"


def split(indicator: str, by_department: list[tuple[tuple[int, int], tuple[int, int]]]) -> tuple[Counts, Counts]:
    """Return the true counts of departments, the nation and its groups, and of women and men of each department."""
    wholes = counts(indicator, [tuple(map(sum, zip(*both, strict=True))) for both in by_department])
    of_departments: Counts = {}
    for group, number in ((WOMEN, 0), (MEN, 1)):
        mine = [both[number] for both in by_department]
        wholes[Cell(indicator, NATION, group)] = tuple(map(sum, zip(*mine, strict=True)))
        of_departments |= {Cell(indicator, f"{n + 1:02}", group): one for n, one in enumerate(mine)}
    return wholes, of_departments


def told(block: Block) -> set[tuple[str, str]]:
    """Return the departments and groups of which something is shown."""
    return {(cell.department, cell.group) for cell, shown in block.items() if not shown.is_hidden}


LARGE = (500, 60), (500, 50)


@pytest.mark.parametrize(("cases", "hidden"), [(9, {"01", "02"}), (10, set())])
def test_a_small_group_takes_the_other_one_and_those_of_another_department(cases: int, hidden: set[str]) -> None:
    """The department tells the other group of it; the nation's group tells the hidden one of that department."""
    true = split("over_age", [((500, cases), (500, 100)), ((500, 40), (500, 45)), LARGE])
    wholes = decide(true[0], {})
    decided = parts.decide(true[1], wholes)
    assert told(decided) == {(d, g) for d in {"01", "02", "03"} - hidden for g in (WOMEN, MEN)}
    assert attack(wholes | decided) == []


def test_a_group_of_nobody_is_hidden_like_any_small_one() -> None:
    true = split("over_age", [((0, 0), (500, 100)), ((500, 40), (500, 45)), LARGE])
    wholes = decide(true[0], {})
    assert told(parts.decide(true[1], wholes)) == {("03", WOMEN), ("03", MEN)}


def test_a_group_that_the_nation_does_not_show_is_shown_of_no_department() -> None:
    true = split("over_age", [((500, 480), (500, 60)), ((500, 495), (500, 60)), ((500, 496), (500, 60))])
    wholes = {cell: n for cell, n in true[0].items() if not cell.group}
    decided = parts.decide(true[1], decide(wholes, {}))
    assert told(decided) == set()


@st.composite
def with_groups(draw: st.DrawFn) -> tuple[Counts, Counts]:
    """Return counts of departments, and women and men of each and of the nation."""
    wholes = {cell: n for cell, n in draw(blocks()).items() if not cell.group}
    of_departments: Counts = {}
    for department in sorted({cell.department for cell in wholes} - {NATION}):
        n = wholes[Cell("over_age", department)][0]
        women = draw(st.integers(0, n))
        sizes = [women, n - women]
        leaving = dealt(draw, wholes[Cell("ebr_exit", department)][1], sizes)
        cases = {
            "over_age": dealt(draw, wholes[Cell("over_age", department)][1], sizes),
            "ebr_exit": leaving,
            "interruption": dealt(draw, wholes[Cell("interruption", department)][1], leaving),
        }
        for indicator, found in cases.items():
            both = zip((WOMEN, MEN), sizes, found, strict=True)
            of_departments |= {Cell(indicator, department, group): (size, mine) for group, size, mine in both}
    for cell, (n, mine) in of_departments.items():
        nation = Cell(cell.indicator, NATION, cell.group)
        size, cases_so_far = wholes.get(nation, (0, 0))
        wholes[nation] = size + n, cases_so_far + mine
    return wholes, of_departments


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_groups())
def test_no_hidden_count_of_a_group_is_bounded(true: tuple[Counts, Counts]) -> None:
    assert_safe(decide_in_stages(true[0] | true[1], {}), true[0] | true[1])


def test_the_nation_hides_more_where_two_departments_would_tell_of_each_other_whatever_they_hide() -> None:
    """A department without women: all four groups are hidden, and yet the few men of the other one must be 19."""
    wholes, of_departments = split("over_age", [((0, 0), (178, 10)), ((188, 41), (20, 7))])
    with pytest.raises(parts.StillBounded):
        parts.decide(of_departments, decide(wholes, {}))
    true = wholes | of_departments
    assert_safe(decide_in_stages(true, {}), true)
