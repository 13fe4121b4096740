"""The attacker: bounds on every hidden count from all that was ever shown, by linear programming."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from warehouse.disclosure.cells import POSSIBLE, ROUNDING, SMALLEST, Block, Cell
from warehouse.errors import BuildFailed

MOST = 50_000_000  # nobody believes in more pupils than this
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
    return other.split == cell.split or other == cell.whole or (not cell.split and other.whole == cell)


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
        self.matrices = self._matrices()

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
            if cell.whole in self.block:
                found[cell.whole, cell.split].append(cell)
        for (whole, _), parts in found.items():
            for quantity in ("pupils", "cases"):
                yield (whole, quantity), [(part, quantity) for part in parts]

    def check(self) -> None:
        """Solve it for nothing in particular."""
        self._solve([], 1.0)

    def ranges(self) -> dict[tuple[Cell, str], tuple[int, int]]:
        """Return for every hidden count whole numbers (low, high) that it can be.

        They are exact where they are fewer than five apart, or where a count seems not to be small; elsewhere two
        solutions at least that far apart are proof enough, and few programs are solved for all of them together.
        """
        places = np.array([self.at[name] for name in self.hidden])
        cases = np.char.equal([quantity for _, quantity in self.hidden], "cases")
        low, high = np.full(len(places), np.inf), np.full(len(places), -np.inf)
        doubtful = np.ones(len(places), dtype=bool)
        while doubtful.any():
            for solution in self._far_apart(places[doubtful], np.minimum(low, MOST)[doubtful]):
                low, high = np.minimum(low, solution[places]), np.maximum(high, solution[places])
            before, doubtful = doubtful, (high - low < POSSIBLE) | (cases & (low >= SMALLEST))
            if doubtful.sum() == before.sum():
                break
        for k in np.flatnonzero(doubtful):
            low[k] = self._solve([places[k]], 1.0)[places[k]]
            high[k] = self._solve([places[k]], -1.0)[places[k]]
        whole = np.ceil(low - 1e-6).astype(int).tolist(), np.floor(high + 1e-6).astype(int).tolist()
        return dict(zip(self.hidden, zip(*whole, strict=True), strict=True))

    def _far_apart(self, places: np.ndarray, low: np.ndarray) -> Iterable[np.ndarray]:
        """Return two solutions: these counts as low as they get together, then each as far above as is of interest."""
        least = self._solve(places, 1.0)
        yield least
        yield self._solve(places, -1.0, np.minimum(low, least[places]) + POSSIBLE)

    def _solve(self, places: Sequence[int] | np.ndarray, weight: float, caps: np.ndarray | None = None) -> np.ndarray:
        """Minimize a count or the sum of several, times a weight; return the solution.

        Args:
            places: which counts.
            weight: 1 for the least, -1 for the most.
            caps: what is above these does not count, so that one count cannot take it all.
        """
        from scipy.optimize import linprog
        from scipy.sparse import block_array, csr_array, eye_array

        n, (upper, upper_limits, equal, totals) = len(self.names), self.matrices
        objective, limits = np.zeros(n), self.limits
        if caps is None:
            objective[places] = weight
        else:  # one more variable for each: at most the count, at most the cap
            extra = len(places)
            chosen = csr_array((np.ones(extra), (np.arange(extra), places)), shape=(extra, n))
            upper = block_array([[upper, None], [-chosen, eye_array(extra)]], format="csr")
            equal = block_array([[equal, csr_array((equal.shape[0], extra))]], format="csr")
            upper_limits = np.concatenate([upper_limits, np.zeros(extra)])
            objective = np.concatenate([objective, np.full(extra, weight)])
            limits = [*limits, *((0, cap) for cap in caps)]
        found = linprog(objective, upper, upper_limits, equal, totals, bounds=limits, method="highs")
        if found.x is None:  # what was shown at different times contradicts itself: it then says nothing together
            raise Contradiction(f"officials: counts of one year and level contradict each other: {found.message}")
        return found.x[:n]

    def _matrices(self) -> tuple[object, np.ndarray, object, np.ndarray]:
        """Return the inequalities and the equalities of totals, as scipy wants them."""
        from scipy.sparse import lil_array

        n, totals = len(self.names), list(self._totals())
        upper = lil_array((len(self.within), n))
        for row, (smaller, larger) in enumerate(self.within):
            upper[row, self.at[smaller]], upper[row, self.at[larger]] = 1, -1
        equal = lil_array((max(1, len(totals)), n))
        for row, (total, parts) in enumerate(totals):
            equal[row, self.at[total]] = -1
            for part in parts:
                equal[row, self.at[part]] = 1
        return upper.tocsr(), np.zeros(len(self.within)), equal.tocsr(), np.zeros(max(1, len(totals)))
