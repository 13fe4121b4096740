"""Our own indicators, as officials see them: decided once per cell, kept for ever, and attacked before they are shown.

Counts below 10 (zero too) are hidden with their complements and all counts are rounded to 5. That is not always
enough: sums over departments and what one indicator says of another can bound a hidden count. So every decision is
tried by linear programming over everything ever shown, as an attacker would; where a hidden count could be bounded
to fewer than five whole numbers, more is hidden.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from warehouse import database
from warehouse.errors import BuildFailed

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
Counts = dict[Cell, tuple[int, int]]  # true pupils and cases of cells


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


def _seen(n_pupils: int, n_cases: int) -> Shown:
    return HIDDEN if is_small(n_pupils, n_cases) else Shown(rounded(n_pupils), rounded(n_cases))


def first_look(counts: Counts) -> Block:
    """Hide small counts, and with one hidden department alone the next smallest, which its total would give away."""
    found = {cell: _seen(*n) for cell, n in counts.items()}
    hidden = [cell.indicator for cell, shown in found.items() if cell.department != NATION and shown.is_hidden]
    _hide_more_of(found, counts, set(filter(lambda indicator: hidden.count(indicator) == 1, hidden)))
    return found


def _hide_more_of(block: Block, counts: Counts, indicators: set[str]) -> bool:
    """Hide in each indicator the smallest department still shown, or else the nation; say whether there was one."""
    shown: dict[str, list[Cell]] = defaultdict(list)
    for cell in counts:
        if cell.indicator in indicators and not block[cell].is_hidden:
            shown[cell.indicator].append(cell)
    for mine in shown.values():
        block[min(mine, key=lambda c: (c.department == NATION, counts[c][1], c.department))] = HIDDEN
    return bool(shown)


def decide(counts: Counts, kept: Block) -> Block:
    """Decide on the cells of one school year and level; those decided before stay as they are.

    Args:
        counts: true (pupils, cases) of each cell not decided before.
        kept: what was decided before.

    Raises:
        BuildFailed: what was shown before bounds a hidden count whatever is hidden now.
    """
    block = first_look(counts) | kept
    while bounded := attack(block):
        _hide_against(block, counts, {b.cell.indicator for b in bounded})
    return {cell: block[cell] for cell in counts}


def _hide_against(block: Block, counts: Counts, bounded: set[str]) -> None:
    others = {c.indicator for c in counts} - bounded  # an indicator with nothing left to hide is bounded by another
    if not (_hide_more_of(block, counts, bounded) or _hide_more_of(block, counts, others)):
        raise BuildFailed(f"officials: {', '.join(sorted(bounded))}: what was shown before bounds a hidden count")


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
        self.names = list(itertools.product(block, ("pupils", "cases")))
        self.at = {name: i for i, name in enumerate(self.names)}
        self.hidden = [name for name in self.names if block[name[0]].is_hidden]
        self.within = [((c, "cases"), (c, "pupils")) for c in block]
        self.within += self._contained("pupils", PUPILS_WITHIN) + self._contained("cases", CASES_WITHIN)
        self.limits = list(itertools.starmap(self._limits, self.names))
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
                yield (cell, quantity), [(c, quantity) for c in self._of(cell.indicator) if c.department != NATION]

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


def decide_new(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on every cell of the indicators that was not decided before, and keep it for ever; return how many."""
    before, rows = ledger(db), []
    for of, counts in _by_block(db, "intermediate.int_indicators__counts").items():
        rows += _decided(of, counts, before.get(of, {}))
    if rows:
        with database.transaction(db):
            db.executemany("insert into raw.official_cells select ?, ?, ?, ?, ?, ?, ?, today from raw.calendar", rows)
    return len(rows)


def _decided(of: tuple[int, str], counts: Counts, kept: Block) -> list[tuple]:
    """Return rows of the ledger for the cells of a school year and level that were not decided before."""
    new = {cell: n for cell, n in counts.items() if cell not in kept}
    year, level = of
    return [
        (year, cell.department, level, cell.indicator, shown.n_pupils, shown.n_cases, shown.is_hidden)
        for cell, shown in (decide(new, kept) if new else {}).items()
    ]


def _by_block(db: duckdb.DuckDBPyConnection, table: str) -> dict[tuple[int, str], Counts]:
    """Return (pupils, cases) of each cell of a table, by school year and level."""
    found: dict[tuple[int, str], Counts] = defaultdict(dict)
    for year, level, indicator, department, pupils, cases in db.execute(
        f"select school_year, level, indicator, department_code, n_pupils, n_cases from {table} order by all"
    ).fetchall():
        found[year, level][Cell(indicator, department)] = (pupils, cases)
    return found


def ledger(db: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], Block]:
    """Return everything ever shown to officials, by school year and level."""
    blocks = _by_block(db, "raw.official_cells")
    return {of: {cell: Shown(*n) for cell, n in counts.items()} for of, counts in blocks.items()}
