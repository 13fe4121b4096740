"""What an attacker can write down: inequalities over the true pupils and cases of every count that officials see."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from warehouse.publish.disclosure.cells import FLOWS, HIDDEN, NATION, ROUNDING, SMALLEST, Block, Cell, of_same_children
from warehouse.publish.disclosure.program import Program

MOST = 50_000_000  # nobody believes in more pupils than this
# What may be hidden of a cell (pupils, those with the indicator, those without), and from which number it is not small.
SMALL = {"pupils": 2 * SMALLEST, "cases": SMALLEST, "others": SMALLEST}
COMPLEMENT = {"cases": "others", "others": "cases"}
# Every pupil counted in the first is counted in the second: what an attacker who read the definitions knows.
PUPILS_WITHIN = (
    ("interruption", "over_age"),
    ("ebr_exit", "over_age"),
    ("repetition", "over_age"),
    ("unmet_need", "over_age"),
    ("over_age", "unmet_need"),
    ("TUTOR", "low_attendance"),
    ("VISITA", "low_attendance"),
    ("promotion", "grade_repetition"),
    ("grade_repetition", "dropout"),
    ("dropout", "promotion"),
    ("transition", "promotion"),
    ("severe_absence", "chronic_absence"),
    ("chronic_absence", "severe_absence"),
    ("promotion", "official_age"),  # who died is of no flow
    ("intake", "official_age"),
)
CASES_WITHIN = (
    ("interruption", "ebr_exit"),
    ("transition", "promotion"),
    ("severe_absence", "chronic_absence"),
    ("intake", "official_age"),  # six years are an age of primary
    ("official_age", "in_school"),
    ("in_school", "official_age"),
)
OTHERS_WITHIN = (("transition", "promotion"),)  # who did not go on to secondary was not promoted
# The same pupils, counted twice: the last grade of primary, whose promotion is the transition to secondary.
SAME = (Cell("transition", NATION), Cell("promotion", NATION, "grade=09"))
# What an attacker may believe of the nation, though late enrollments and corrections make it only nearly true: pupils
# of April are pupils of the year, who left regular education dropped out, and who failed repeats or dropped out.
BELIEVED_PUPILS = (("ebr_exit", "dropout"), ("repetition", "dropout"), ("over_age", "dropout"))
# Who begins first grade is of it at the end of the year, if alive; who is over age in the last two grades of a level is
# too old for the level.
BEGINNERS = (Cell("intake", NATION), Cell("promotion", NATION, "grade=04"))
TOO_OLD = tuple(Cell("over_age", NATION, f"grade={grade}") for grade in ("08", "09", "13", "14"))
BELIEVED_CASES = {"ebr_exit": ("dropout",), "repetition": ("grade_repetition", "dropout")}
Count = tuple[Cell, str]
Sum = tuple[float, float, Sequence[Count], Sequence[int]]  # at least, at most, counts, and what each weighs


class Inequalities:
    """The inequalities that an attacker can write down, over the true pupils and cases of every cell.

    Args:
        block: what is shown.
        is_believed: whether what is nearly true of the nation is taken to be true.
    """

    def __init__(self, block: Block, is_believed: bool = False) -> None:
        self.block = block
        self.is_believed = is_believed
        self.names = list(itertools.product(self.block, ("pupils", "cases")))
        self.at = {name: i for i, name in enumerate(self.names)}
        self.hidden = _hidden(block)
        self.splits = _splits(block)
        low, high = np.array(list(itertools.starmap(self._limits, self.names)), dtype=float).T.copy()
        sums = list(self._sums())
        at_least, at_most = np.array([one[:2] for one in sums], dtype=float).reshape(-1, 2).T.copy()
        self.program = Program(self._weights(one[2:] for one in sums), at_least, at_most, low, high)
        self.counted = self._weights(map(_made_of, self.hidden))

    def _weights(self, sums: Iterable[tuple[Sequence[Count], Sequence[int]]]) -> sparse.csr_array:
        """Return sums of counts as a matrix: a row a sum, a column a count."""
        found = list(sums)
        starts = np.cumsum([0, *(len(counts) for counts, _ in found)], dtype=np.int32)
        places = np.array([self.at[count] for counts, _ in found for count in counts], dtype=np.int32)
        weights = np.array([weight for _, weights in found for weight in weights], dtype=float)
        return sparse.csr_array((weights, places, starts), shape=(len(found), len(self.names)))

    def _limits(self, cell: Cell, quantity: str) -> tuple[int, int]:
        """Return the whole numbers that a rounded count can stand for; shown ones are known not to be small."""
        shown = self.block[cell]
        value = shown.n_pupils if quantity == "pupils" else shown.n_cases
        if value is None:
            return 0, MOST
        half = ROUNDING // 2
        return max(value - half, SMALL[quantity]), value + half

    def _sums(self) -> Iterator[Sum]:
        """Return what counts times weights come to."""
        for smaller, larger in self._within("pupils", PUPILS_WITHIN) + self._within("cases", CASES_WITHIN):
            yield -np.inf, 0, (smaller, larger), (1, -1)
        yield from self._of_flows()
        yield from self._of_transitions()
        if self.is_believed:
            yield from self._believed_pupils()
            yield from self._believed_cases()
            yield from self._believed_ages()
        for cell, shown in self.block.items():  # those without are not few where cases are shown
            yield -np.inf, 0 if shown.is_hidden else -SMALL["others"], ((cell, "cases"), (cell, "pupils")), (1, -1)
        yield from self._of_parts()

    def _of_flows(self) -> Iterator[Sum]:
        """Yield that each pupil of a year is promoted, repeats or drops out."""
        for cell in self.block:
            flows = [replace(cell, indicator=flow) for flow in FLOWS]
            if cell == flows[0] and self.block.keys() >= set(flows):
                yield 0, 0, [(cell, "pupils"), *((flow, "cases") for flow in flows)], (-1, 1, 1, 1)

    def _of_transitions(self) -> Iterator[Sum]:
        """Yield who goes on to secondary: of the last grade of primary, whose promotion it is."""
        for smaller, larger in self._pairs(OTHERS_WITHIN):
            yield -np.inf, 0, list(itertools.product((smaller, larger), ("pupils", "cases"))), (1, -1, -1, 1)
        if self.block.keys() >= set(SAME):
            for quantity in ("pupils", "cases"):
                yield 0, 0, [(cell, quantity) for cell in SAME], (1, -1)

    def _believed_pupils(self) -> Iterator[Sum]:
        """Yield which pupils of the nation are nearly all among which others."""
        for smaller, larger in self._pairs(BELIEVED_PUPILS):
            if smaller.department == NATION:
                yield -np.inf, 0, ((smaller, "pupils"), (larger, "pupils")), (1, -1)

    def _believed_cases(self) -> Iterator[Sum]:
        """Yield in which flows nearly all cases of an indicator of the nation are counted."""
        for cell in (cell for cell in self.block if cell.department == NATION):
            flows = [replace(cell, indicator=flow) for flow in BELIEVED_CASES.get(cell.indicator, ())]
            if flows and self.block.keys() >= set(flows):
                yield -np.inf, 0, [(counted, "cases") for counted in (cell, *flows)], (1, *[-1] * len(flows))

    def _believed_ages(self) -> Iterator[Sum]:
        """Yield whom of the nation's grades nearly all beginners, and those not of the official age, count among."""
        if self.block.keys() >= set(BEGINNERS):
            yield -np.inf, 0, [(cell, "pupils") for cell in BEGINNERS], (1, -1)
        of_age = Cell("official_age", NATION)
        old = [cell for cell in TOO_OLD if cell in self.block]
        if old and of_age in self.block:
            counts = [*((cell, "cases") for cell in (*old, of_age)), (of_age, "pupils")]
            yield -np.inf, 0, counts, (*[1] * len(old), 1, -1)

    def _of_parts(self) -> Iterator[Sum]:
        """Yield that a whole is the sum of its parts."""
        for (_, split), parts in self.splits.items():
            if (whole := parts[0].wholes[split]) in self.block:
                for quantity in ("pupils", "cases"):
                    counts = [(cell, quantity) for cell in (whole, *parts)]
                    yield 0, 0, counts, (-1, *[1] * len(parts))

    def _within(self, quantity: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[Count, Count]]:
        """Return which counts of one indicator are part of which of another, in the same place."""
        return [((cell, quantity), (other, quantity)) for cell, other in self._pairs(pairs)]

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[Cell, Cell]]:
        """Return the cells of two indicators in the same place."""
        larger = defaultdict(list)
        for one, other in pairs:
            larger[one].append(other)
        both = [(cell, replace(cell, indicator=other)) for cell in self.block for other in larger[cell.indicator]]
        return [(cell, other) for cell, other in both if other in self.block]

    def solution(self) -> np.ndarray:
        """Return pupils and cases of every cell as they can be.

        Raises:
            Contradiction: they cannot.
        """
        return self.program.least(np.zeros(len(self.names)))

    def is_told(self, cell: Cell, quantity: str) -> bool:
        """Say whether a hidden count is shown as another, or is at least one that is shown."""
        same = of_same_children(cell)
        return quantity != "others" and same is not None and not self.block.get(same, HIDDEN).is_hidden

    def beside(self, cell: Cell) -> set[Cell]:
        """Return the cells that one may have been hidden for: parts of its splits, its wholes, the nation's parts."""
        splits = [self.splits[cell.indicator, split] for split in cell.wholes]
        if not cell.wholes:
            splits = [parts for (_, split), parts in self.splits.items() if parts[0].wholes[split] == cell]
        return {cell, *(whole for whole in cell.wholes.values() if whole in self.block), *itertools.chain(*splits)}


def _hidden(block: Block) -> list[Count]:
    """Return the counts that officials do not see."""
    pupils = [(cell, "pupils") for cell, shown in block.items() if shown.n_pupils is None]
    return [*pupils, *itertools.product((cell for cell, shown in block.items() if shown.is_hidden), COMPLEMENT)]


def _splits(block: Block) -> dict[tuple[str, str], list[Cell]]:
    """Return the parts of each indicator, by what it is split into."""
    splits: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in block:
        for split in cell.wholes:
            splits[cell.indicator, split].append(cell)
    return splits


def _made_of(count: Count) -> tuple[Sequence[Count], Sequence[int]]:
    """Return a hidden count as a sum of pupils and cases."""
    cell, quantity = count
    if quantity == "others":
        return ((cell, "pupils"), (cell, "cases")), (1, -1)
    return (count,), (1,)
