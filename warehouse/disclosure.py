"""What officials may see of small groups: decided once per cell, kept for ever, and attacked before it is shown.

Counts below 10 (zero too) are hidden with their complements and all counts are rounded to 5. That is not always
enough: sums over departments and what one indicator says of another can bound a hidden count. So every decision is
tried by linear programming over everything ever shown, as an attacker would; where a hidden count could be bounded
to fewer than five whole numbers, more is hidden.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from warehouse import database
from warehouse.errors import BuildFailed
from warehouse.settings import Home

SMALLEST, ROUNDING, POSSIBLE = 10, 5, 5
NATION = "00"
MOST = 50_000_000  # nobody believes in more pupils than this
# Every pupil counted in the first is counted in the second: what an attacker who read the definitions knows.
PUPILS_WITHIN = (
    ("interruption", "over_age"), ("ebr_exit", "over_age"), ("repetition", "over_age"),
    ("unmet_need", "over_age"), ("over_age", "unmet_need"),
)  # fmt: skip
CASES_WITHIN = (("interruption", "ebr_exit"),)


@dataclass(frozen=True)
class Cell:
    """One count of an indicator in a department (or the nation), within a school year and level."""

    indicator: str
    department: str


@dataclass(frozen=True)
class Shown:
    """What officials see of a cell: both counts rounded, or neither."""

    n_pupils: int | None
    n_cases: int | None

    @property
    def is_hidden(self) -> bool:
        """Whether the neutral sign stands there."""
        return self.n_cases is None


HIDDEN = Shown(None, None)
Block = dict[Cell, Shown]


@dataclass(frozen=True)
class Bounded:
    """A hidden count that an attacker can bound: (pupils or cases) to lie between two whole numbers."""

    cell: Cell
    quantity: str
    low: int
    high: int


def rounded(n: int) -> int:
    """Round a count to the nearest 5."""
    return ROUNDING * round(n / ROUNDING)


def is_small(n_pupils: int, n_cases: int) -> bool:
    """Say whether a count or its complement is below 10."""
    return min(n_cases, n_pupils - n_cases) < SMALLEST


def first_look(counts: dict[Cell, tuple[int, int]]) -> Block:
    """Hide small counts, and with one hidden department alone the next smallest, which its total would give away."""
    found = {cell: HIDDEN if is_small(*n) else Shown(*map(rounded, n)) for cell, n in counts.items()}
    alone = Counter(c.indicator for c, shown in found.items() if c.department != NATION and shown.is_hidden)
    _hide_more_of(found, counts, {indicator for indicator, hidden in alone.items() if hidden == 1})
    return found


def _hide_more_of(block: Block, counts: dict[Cell, tuple[int, int]], indicators: set[str]) -> bool:
    """Hide in each indicator the smallest department still shown, or else the nation; say whether there was one."""
    shown = [c for c in counts if c.indicator in indicators and not block[c].is_hidden]
    for indicator in {c.indicator for c in shown}:
        mine = [c for c in shown if c.indicator == indicator]
        block[min(mine, key=lambda c: (c.department == NATION, counts[c][1], c.department))] = HIDDEN
    return bool(shown)


def decide(counts: dict[Cell, tuple[int, int]], kept: Block) -> Block:
    """Decide on the cells of one school year and level; those decided before stay as they are.

    Args:
        counts: true (pupils, cases) of each cell not decided before.
        kept: what was decided before.

    Raises:
        BuildFailed: what was shown before bounds a hidden count whatever is hidden now.
    """
    block = first_look(counts) | kept
    while bounded := attack(block):
        own = {b.cell.indicator for b in bounded}
        others = {c.indicator for c in counts} - own  # an indicator with nothing left to hide is bounded by another
        if not (_hide_more_of(block, counts, own) or _hide_more_of(block, counts, others)):
            raise BuildFailed(f"officials: {', '.join(sorted(own))}: what was shown before bounds a hidden count")
    return {cell: block[cell] for cell in counts}


def attack(block: Block) -> list[Bounded]:
    """Bound every hidden count from what is shown; return those with fewer than five possible whole numbers."""
    system = _System(block)
    if not system.hidden:
        return []
    ranges = system.ranges()
    found = []
    for (cell, quantity), (low, high) in ranges.items():
        if quantity == "cases" and _must_be_small(cell, block, ranges):
            high = min(high, SMALLEST - 1)
        if high - low + 1 < POSSIBLE:
            found.append(Bounded(cell, quantity, low, high))
    return found


def _must_be_small(cell: Cell, block: Block, ranges: dict[tuple[Cell, str], tuple[int, int]]) -> bool:
    """Say whether an attacker knows this cell to be the small one: no other hidden one of its indicator can be."""
    can_be = [
        other
        for other, shown in block.items()
        if other.indicator == cell.indicator and shown.is_hidden and ranges[other, "cases"][0] < SMALLEST
    ]
    return can_be == [cell]


class _System:
    """The inequalities that an attacker can write down, over the true pupils and cases of every cell."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.names = [(cell, quantity) for cell in block for quantity in ("pupils", "cases")]
        self.at = {name: i for i, name in enumerate(self.names)}
        self.hidden = [name for name in self.names if block[name[0]].is_hidden]
        self.within = [((c, "cases"), (c, "pupils")) for c in block]
        self.within += self._contained("pupils", PUPILS_WITHIN) + self._contained("cases", CASES_WITHIN)
        self.limits = [self._limits(*name) for name in self.names]
        self.matrices = self._matrices()

    def _contained(self, quantity: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[tuple[Cell, str], ...]]:
        """Return which counts of one indicator are part of which of another, in the same place."""
        both = [(cell, Cell(larger, cell.department)) for smaller, larger in pairs for cell in self._of(smaller)]
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
        for cell, quantity in self.names:
            if cell.department == NATION:
                parts = [(c, quantity) for c in self.block if c.indicator == cell.indicator and c.department != NATION]
                yield (cell, quantity), parts

    def ranges(self) -> dict[tuple[Cell, str], tuple[int, int]]:
        """Return for every hidden count whole numbers (low, high) that it can be.

        They are exact where they are fewer than five apart, or where a count seems not to be small; elsewhere two
        solutions at least that far apart are proof enough, and few programs are solved for all of them together.
        """
        places = np.array([self.at[name] for name in self.hidden])
        cases = np.array([quantity == "cases" for _, quantity in self.hidden])
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
        return {
            name: (math.ceil(a - 1e-6), math.floor(b + 1e-6))
            for name, a, b in zip(self.hidden, low, high, strict=True)
        }  # fmt: skip

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
            raise BuildFailed(f"officials: counts of one year and level contradict each other: {found.message}")
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


def decide_all(home: Home) -> int:
    """Decide on every cell of the indicators that was not decided before, and keep it for ever; return how many."""
    db = database.warehouse(home)
    try:
        true: dict[tuple[int, str], dict[Cell, tuple[int, int]]] = {}
        for year, level, indicator, department, pupils, cases in db.execute(
            "select school_year, level, indicator, department_code, n_pupils, n_cases "
            "from intermediate.int_indicators__counts order by all"
        ).fetchall():
            true.setdefault((year, level), {})[Cell(indicator, department)] = (pupils, cases)
        before = ledger(db)
        rows = []
        for (year, level), counts in true.items():
            kept = before.get((year, level), {})
            if new := {cell: n for cell, n in counts.items() if cell not in kept}:
                rows += [
                    (year, cell.department, level, cell.indicator, shown.n_pupils, shown.n_cases, shown.is_hidden)
                    for cell, shown in decide(new, kept).items()
                ]
        if rows:
            db.execute("begin")
            db.executemany("insert into raw.official_cells select ?, ?, ?, ?, ?, ?, ?, today from raw.calendar", rows)
            db.execute("commit")
        return len(rows)
    finally:
        db.close()


def ledger(db: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], Block]:
    """Return everything ever shown to officials, by school year and level."""
    found: dict[tuple[int, str], Block] = {}
    for year, level, indicator, department, pupils, cases in db.execute(
        "select school_year, level, indicator, department_code, n_pupils, n_cases from raw.official_cells order by all"
    ).fetchall():
        found.setdefault((year, level), {})[Cell(indicator, department)] = Shown(pupils, cases)
    return found
