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
# The primal simplex goes on from the last solution when something else is asked for, which the dual cannot.
SOLVER = {"output_flag": False, "threads": 1, "simplex_strategy": 4}
# Every pupil counted in the first is counted in the second: what an attacker who read the definitions knows.
PUPILS_WITHIN = (
    ("interruption", "over_age"), ("ebr_exit", "over_age"), ("repetition", "over_age"),
    ("unmet_need", "over_age"), ("over_age", "unmet_need"),
    ("TUTOR", "low_attendance"), ("VISITA", "low_attendance"),
)  # fmt: skip
CASES_WITHIN = (("interruption", "ebr_exit"),)


class Contradiction(BuildFailed):
    """What is shown cannot all be true at once."""


@dataclass(frozen=True)
class Bounded:
    """A hidden count that an attacker can bound: (pupils or cases) to lie between two whole numbers."""

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
        if quantity == "cases" and _must_be_small(cell, block, ranges):
            high = min(high, SMALLEST - 1)
        if high - low + 1 < POSSIBLE:
            found.append(Bounded(cell, quantity, low, high))
    return found


def check(block: Block) -> None:
    """See whether what is shown can all be true at once.

    Raises:
        Contradiction: it cannot.
    """
    _System(block).check()


def _must_be_small(cell: Cell, block: Block, ranges: dict[tuple[Cell, str], tuple[int, int]]) -> bool:
    """Say whether an attacker knows this cell to be the small one: no other hidden one beside it can be."""
    can_be = [
        other
        for other, shown in block.items()
        if _is_beside(other, cell) and shown.is_hidden and ranges[other, "cases"][0] < SMALLEST
    ]
    return can_be == [cell]


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
        self.hidden = [name for name in self.names if block[name[0]].is_hidden]
        self.within = [((c, "cases"), (c, "pupils")) for c in block]
        self.within += self._contained("pupils", PUPILS_WITHIN) + self._contained("cases", CASES_WITHIN)
        self.limits = list(itertools.starmap(self._limits, self.names))
        self.program, self.asked = self._program(), 0

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
        return max(value - half, SMALLEST if quantity == "cases" else 2 * SMALLEST), value + half

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

    def check(self) -> None:
        """Solve it for nothing in particular."""
        self._solve(0, 0.0)

    def ranges(self) -> dict[tuple[Cell, str], tuple[int, int]]:
        """Return for every hidden count whole numbers (low, high) that it can be.

        They are exact where they are fewer than five apart, or where a count seems not to be small; elsewhere two
        solutions at least that far apart are proof enough. Each solution says something of every count, so that most
        need none of their own.
        """
        places = np.array([self.at[name] for name in self.hidden])
        low, high = np.full(len(places), np.inf), np.full(len(places), -np.inf)
        for k, (_, quantity) in enumerate(self.hidden):
            for weight in (1.0, -1.0):
                if high[k] - low[k] < POSSIBLE or (quantity == "cases" and low[k] >= SMALLEST):
                    solution = self._solve(places[k], weight)[places]
                    low, high = np.minimum(low, solution), np.maximum(high, solution)
        whole = np.ceil(low - 1e-6).astype(int).tolist(), np.floor(high + 1e-6).astype(int).tolist()
        return dict(zip(self.hidden, zip(*whole, strict=True), strict=True))

    def _solve(self, place: int, weight: float) -> np.ndarray:
        """Minimize a count times a weight, from the last solution on; return the new one.

        Args:
            place: which count.
            weight: 1 for the least, -1 for the most, 0 for anything that can be.

        Raises:
            Contradiction: nothing can be.
        """
        self.program.changeColCost(self.asked, 0.0)
        self.program.changeColCost(place, weight)
        self.asked = place
        self.program.run()
        if (status := self.program.getModelStatus()).name != "kOptimal":
            said = self.program.modelStatusToString(status)
            raise Contradiction(f"officials: counts of one year and level contradict each other: {said}")
        return np.array(self.program.getSolution().col_value)

    def _program(self) -> highspy.Highs:
        """Return the inequalities and the totals as a linear program, of which only what is asked for changes."""
        import highspy

        rows = [(-highspy.kHighsInf, (smaller, larger), (1, -1)) for smaller, larger in self.within]
        rows += [(0, (total, *parts), (-1, *[1] * len(parts))) for total, parts in self._totals()]
        program, model = highspy.Highs(), highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.names), len(rows)
        model.col_cost_ = np.zeros(len(self.names))
        model.col_lower_, model.col_upper_ = np.array(self.limits, dtype=float).T.copy()
        model.row_lower_, model.row_upper_ = np.array([low for low, *_ in rows], dtype=float), np.zeros(len(rows))
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0, *(len(counts) for _, counts, _ in rows)], dtype=np.int32)
        matrix.index_ = np.array([self.at[count] for _, counts, _ in rows for count in counts], dtype=np.int32)
        matrix.value_ = np.array([value for *_, values in rows for value in values], dtype=float)
        for name, value in SOLVER.items():
            program.setOptionValue(name, value)
        program.passModel(model)
        return program
