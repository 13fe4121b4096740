"""The attack finds what plain programs find that begin anew for every count, over all counts at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy.optimize import linprog

from tests.conftest import examples
from tests.publish.test_disclosed_ugel_groups import with_ugel_groups
from tests.publish.test_disclosure import Counts, blocks
from warehouse.publish.disclosure.attack import Bounded, attack
from warehouse.publish.disclosure.cells import POSSIBLE, Block, Cell, seen, told
from warehouse.publish.disclosure.indicators import first_look
from warehouse.publish.disclosure.inequalities import COMPLEMENT, SMALL, Inequalities
from warehouse.publish.disclosure.program import Contradiction

Found = dict[tuple[Cell, str], tuple[int, int]]


def plainly(block: Block) -> list[Bounded]:
    """Return what can be bounded, by the rule as one would write it down and by another solver's interface."""
    ranges = fresh(block)
    guarded = {name: one for name, one in ranges.items() if name[1] != "pupils" or one[0] < SMALL["pupils"]}
    return [
        Bounded(cell, quantity, low, high)
        for (cell, quantity), (low, high) in guarded.items()
        if high - low + 1 < POSSIBLE
        or (must_be_small(cell, quantity, ranges) and small(cell, quantity, ranges) < POSSIBLE)
    ]


def fresh(block: Block) -> Found:
    """Return the least and the most whole number that each hidden count can be."""
    known = Inequalities(block)
    program, found = known.program, {}
    is_total = program.at_least == program.at_most
    for name, made_of in zip(known.hidden, known.counted.toarray(), strict=True):
        least, most = (
            weight * linprog(
                weight * made_of, program.sums[~is_total], program.at_most[~is_total], program.sums[is_total],
                program.at_most[is_total], bounds=np.array([program.low, program.high]).T,
            ).fun
            for weight in (1, -1)
        )  # fmt: skip
        found[name] = math.ceil(round(least, 6)), math.floor(round(most, 6))
    return found


def small(cell: Cell, quantity: str, ranges: Found) -> int:
    """Return how many whole numbers below its limit, or its complement's, a count can be."""
    return sum(max(0, SMALL[one] - ranges[cell, one][0]) for one in {quantity, COMPLEMENT.get(quantity, quantity)})


def must_be_small(cell: Cell, quantity: str, ranges: Found) -> bool:
    """Say whether of all hidden counts beside it this one alone can be small."""
    beside = {other for other, one in ranges if one == quantity and is_beside(other, cell)}
    return {other for other in beside if small(other, quantity, ranges)} == {cell}


def is_beside(other: Cell, cell: Cell) -> bool:
    """Say whether one may have been hidden for another: parts of one split, a whole and its part, or parts of the nation."""
    if other.indicator != cell.indicator:
        return False
    mine, theirs = cell.wholes, other.wholes
    return other == cell or bool(mine.keys() & theirs.keys()) or other in mine.values() or (
        not mine and cell in theirs.values()
    )  # fmt: skip


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks())
def test_what_is_bounded_is_what_plain_programs_bound(true: Counts) -> None:
    assert_same(first_look(true))


@settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(with_ugel_groups())
def test_a_department_at_a_time_finds_what_all_at_once_do(true: Counts) -> None:
    """Nothing but small counts is hidden, so that much is bounded; groups of UGELs that show nothing tell nothing."""
    assert_same({cell: seen(*n) for cell, n in true.items()})


def assert_same(block: Block) -> None:
    """See that both find the same, and the same numbers where these are few."""
    try:
        found = {(b.cell, b.quantity): b for b in attack(block)}
    except Contradiction:
        pytest.fail("the truth can be")
    mine = told(block)
    plain = {(b.cell, b.quantity): b for b in plainly(block) if b.cell in mine}
    assert found.keys() == plain.keys()
    for name, one in plain.items():
        if one.high - one.low + 1 < POSSIBLE:
            assert found[name] == one
