"""The attacker: bounds on every hidden count from all that was ever shown, by linear programming."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from warehouse.disclosure.cells import POSSIBLE, ROUNDING, SMALLEST, Block, Cell
from warehouse.errors import BuildFailed

if TYPE_CHECKING:
    import highspy

MOST = 50_000_000  # nobody believes in more pupils than this
# What may be hidden of a cell (pupils, those with the indicator, those without), and from which number it is not small.
SMALL = {"pupils": 2 * SMALLEST, "cases": SMALLEST, "others": SMALLEST}
COMPLEMENT = {"cases": "others", "others": "cases"}
# The primal simplex goes on from the last solution when something else is asked for, which the dual cannot.
SOLVER = {"output_flag": False, "threads": 1, "simplex_strategy": 4}
# Every pupil counted in the first is counted in the second: what an attacker who read the definitions knows.
PUPILS_WITHIN = (
    ("interruption", "over_age"), ("ebr_exit", "over_age"), ("repetition", "over_age"),
    ("unmet_need", "over_age"), ("over_age", "unmet_need"),
    ("TUTOR", "low_attendance"), ("VISITA", "low_attendance"),
)  # fmt: skip
CASES_WITHIN = (("interruption", "ebr_exit"),)
Ranges = dict[tuple[Cell, str], tuple[int, int]]


class Contradiction(BuildFailed):
    """What is shown cannot all be true at once."""


@dataclass(frozen=True)
class Bounded:
    """A hidden count that an attacker can bound: it lies between two whole numbers, and may be known to be small."""

    cell: Cell
    quantity: str
    low: int
    high: int


def attack(block: Block) -> list[Bounded]:
    """Bound every hidden count from what is shown; return those with fewer than five possible whole numbers."""
    system = _System(block)
    ranges = system.ranges() if system.hidden else {}
    found = []
    for (cell, quantity), (low, high) in ranges.items():
        possible, small = high - low + 1, _small_ones(cell, quantity, ranges)
        if small < POSSIBLE and _must_be_small(cell, quantity, block, ranges):
            possible = min(possible, small)
        if possible < POSSIBLE:
            found.append(Bounded(cell, quantity, low, high))
    return found


def _small_ones(cell: Cell, quantity: str, ranges: Ranges) -> int:
    """Return how many whole numbers a small count can be: below its limit, or so that its complement is."""
    return sum(max(0, SMALL[one] - ranges[cell, one][0]) for one in {quantity, COMPLEMENT.get(quantity, quantity)})


def check(block: Block) -> None:
    """See whether what is shown can all be true at once.

    Raises:
        Contradiction: it cannot.
    """
    _System(block).check()


def _must_be_small(cell: Cell, quantity: str, block: Block, ranges: Ranges) -> bool:
    """Say whether an attacker knows this cell to be the small one: no other hidden one beside it can be."""
    return [other for other in block if _is_beside(other, cell) and _can_be_small(other, quantity, ranges)] == [cell]


def _can_be_small(cell: Cell, quantity: str, ranges: Ranges) -> bool:
    """Say whether a cell may have been hidden for itself."""
    both = (quantity, COMPLEMENT.get(quantity, quantity))
    return any(ranges[cell, one][0] < SMALL[one] for one in both if (cell, one) in ranges)


def _is_beside(other: Cell, cell: Cell) -> bool:
    """Say whether a cell may have been hidden for another: a part of its split, its whole, or a part of the nation."""
    if other.indicator != cell.indicator:
        return False
    mine, theirs = cell.wholes, other.wholes
    is_part_of_one = other == cell or bool(mine.keys() & theirs.keys())
    return is_part_of_one or other in mine.values() or (not mine and cell in theirs.values())


class _System:
    """The inequalities that an attacker can write down, over the true pupils and cases of every cell."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.names = list(itertools.product(block, ("pupils", "cases")))
        self.at = {name: i for i, name in enumerate(self.names)}
        self.hidden = [(cell, "pupils") for cell in block if block[cell].n_pupils is None]
        self.hidden += itertools.product((cell for cell in block if block[cell].is_hidden), COMPLEMENT)
        self.within = self._contained("pupils", PUPILS_WITHIN) + self._contained("cases", CASES_WITHIN)
        self.limits = list(itertools.starmap(self._limits, self.names))
        self.rows = list(self._rows())
        self.program, self.asked = self._program(), {}

    def _contained(self, quantity: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[tuple[Cell, str], ...]]:
        """Return which counts of one indicator are part of which of another, in the same place."""
        both = [(cell, replace(cell, indicator=larger)) for smaller, larger in pairs for cell in self._of(smaller)]
        return [((cell, quantity), (other, quantity)) for cell, other in both if other in self.block]

    def _of(self, indicator: str) -> list[Cell]:
        return [cell for cell in self.block if cell.indicator == indicator]

    def _limits(self, cell: Cell, quantity: str) -> tuple[int, int]:
        """Return the whole numbers that a rounded count can stand for; shown ones are known not to be small."""
        shown = self.block[cell]
        value = shown.n_pupils if quantity == "pupils" else shown.n_cases
        if value is None:
            return 0, MOST
        half = ROUNDING // 2
        return max(value - half, SMALL[quantity]), value + half

    def _totals(self) -> Iterable[tuple[tuple[Cell, str], list[tuple[Cell, str]]]]:
        """Return each whole and the parts that add up to it, of each way to split it."""
        found: dict[tuple[Cell, str], list[Cell]] = defaultdict(list)
        for cell in self.block:
            for split, whole in cell.wholes.items():
                if whole in self.block:
                    found[whole, split].append(cell)
        for (whole, _), parts in found.items():
            for quantity in ("pupils", "cases"):
                yield (whole, quantity), [(part, quantity) for part in parts]

    def _rows(self) -> Iterable[tuple[float, float, Sequence[tuple[Cell, str]], Sequence[int]]]:
        """Return what counts times weights come to: (at least, at most, counts, weights)."""
        for smaller, larger in self.within:
            yield -np.inf, 0, (smaller, larger), (1, -1)
        for cell, shown in self.block.items():  # those without are not few where cases are shown
            yield -np.inf, 0 if shown.is_hidden else -SMALL["others"], ((cell, "cases"), (cell, "pupils")), (1, -1)
        for total, parts in self._totals():
            yield 0, 0, (total, *parts), (-1, *[1] * len(parts))

    def check(self) -> None:
        """Solve it for nothing in particular."""
        self._solve({})

    def ranges(self) -> Ranges:
        """Return for every hidden count whole numbers (low, high) that it can be.

        They are exact where they are fewer than five apart, or where a count seems not to be small; elsewhere two
        solutions at least that far apart are proof enough. Each solution says something of every count, so that most
        need none of their own.
        """
        low, high = np.full(len(self.hidden), np.inf), np.full(len(self.hidden), -np.inf)
        counts = np.array([self.at[cell, "pupils" if q == "others" else q] for cell, q in self.hidden])
        cases = np.array([self.at[cell, "cases"] for cell, _ in self.hidden])
        are_others = np.array([quantity == "others" for _, quantity in self.hidden])
        for k, weight in itertools.product(range(len(self.hidden)), (1.0, -1.0)):
            if high[k] - low[k] < POSSIBLE or self._seems_large(k, low):
                solution = self._solve({counts[k]: weight} | ({cases[k]: -weight} if are_others[k] else {}))
                values = solution[counts] - are_others * solution[cases]
                low, high = np.minimum(low, values), np.maximum(high, values)
        whole = np.ceil(low - 1e-6).astype(int).tolist(), np.floor(high + 1e-6).astype(int).tolist()
        return dict(zip(self.hidden, zip(*whole, strict=True), strict=True))

    def _seems_large(self, k: int, low: np.ndarray) -> bool:
        """Say whether no solution yet makes a count small; of others it matters where cases, just before, are not."""
        quantity = self.hidden[k][1]
        return low[k] >= SMALL[quantity] and (quantity != "others" or low[k - 1] >= SMALL["cases"])

    def _solve(self, costs: dict[int, float]) -> np.ndarray:
        """Minimize a sum of counts times costs, from the last solution on; return the new one.

        Args:
            costs: by place; of all others 0.

        Raises:
            Contradiction: nothing can be.
        """
        for place in self.asked:
            self.program.changeColCost(place, 0.0)
        for place, cost in costs.items():
            self.program.changeColCost(place, cost)
        self.asked = costs
        self.program.run()
        if (status := self.program.getModelStatus()).name != "kOptimal":
            said = self.program.modelStatusToString(status)
            raise Contradiction(f"officials: counts of one year and level contradict each other: {said}")
        return np.array(self.program.getSolution().col_value)

    def _program(self) -> highspy.Highs:
        """Return the inequalities and the totals as a linear program, of which only what is asked for changes."""
        import highspy

        class Quiet(highspy.Highs):
            """One that does not write its name and terms among our lines, as its callbacks do before it can be told."""

            def enableCallbacks(self) -> None:  # noqa: N802  its own name
                """Do without: nothing calls back."""

        program, model = Quiet(), highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.names), len(self.rows)
        model.col_cost_ = np.zeros(len(self.names))
        model.col_lower_, model.col_upper_ = np.array(self.limits, dtype=float).T.copy()
        model.row_lower_, model.row_upper_ = np.array([row[:2] for row in self.rows], dtype=float).T.copy()
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0, *(len(counts) for *_, counts, _ in self.rows)], dtype=np.int32)
        matrix.index_ = np.array([self.at[count] for *_, counts, _ in self.rows for count in counts], dtype=np.int32)
        matrix.value_ = np.array([weight for *_, weights in self.rows for weight in weights], dtype=float)
        for name, value in SOLVER.items():
            program.setOptionValue(name, value)
        program.passModel(model)
        return program
