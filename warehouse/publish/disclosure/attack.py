"""The attacker: bounds on every hidden count from all that was ever shown, by linear programming."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy import sparse

from warehouse.publish.disclosure.cells import FLOWS, NATION, POSSIBLE, Block, Cell, Shown, of_same_children, told
from warehouse.publish.disclosure.inequalities import COMPLEMENT, SMALL, Inequalities
from warehouse.publish.disclosure.program import Contradiction, Program

TOLERANCE = 1e-6  # of a solution


@dataclass(frozen=True)
class Bounded:
    """A hidden count that an attacker can bound: it lies between two whole numbers, and may be known to be small."""

    cell: Cell
    quantity: str
    low: int
    high: int


Attack: TypeAlias = Callable[[Block], Sequence[Bounded]]  # finds the hidden counts that are bounded


def attack(block: Block) -> list[Bounded]:
    """Bound every hidden count from what is shown; return those with fewer than five possible whole numbers.

    Raises:
        Contradiction: what is shown cannot all be true at once.
    """
    shown = tuple(told(block).items())
    return list(dict.fromkeys([*_attacked(shown), *_attacked_with_beliefs(shown)]))


def _attacked_with_beliefs(shown: tuple[tuple[Cell, Shown], ...]) -> tuple[Bounded, ...]:
    """Believe what is nearly true too, of the nation and what it is split into; what contradicts it tells nothing."""
    wholes = tuple((cell, one) for cell, one in shown if cell.kind in ("cells", "groups"))
    if not any(cell.indicator in FLOWS for cell, _ in wholes):
        return ()
    try:
        return _attacked(wholes, True)
    except Contradiction:
        return ()


@lru_cache(maxsize=16)  # a stage that shows nothing more is tried with what was tried before
def _attacked(shown: tuple[tuple[Cell, Shown], ...], is_believed: bool = False) -> tuple[Bounded, ...]:
    ranges = Ranges(Inequalities(dict(shown), is_believed))
    return tuple(
        Bounded(cell, quantity, *ranges.of(k))
        for k, (cell, quantity) in enumerate(ranges.hidden)
        if ranges.is_guarded(k) and ranges.is_bounded(k)
    )


@dataclass(frozen=True)
class _Asked:
    """A program, and the hidden counts that its solutions tell of."""

    program: Program
    counted: sparse.csr_array  # what each of these is made of
    told_of: np.ndarray  # their places among all hidden ones


class Ranges:
    """What every hidden count can be, as far as solutions show.

    They are exact where they are fewer than five whole numbers, or where all hangs on whether a count can be small;
    elsewhere two solutions at least that far apart are proof enough. Each solution says something of every count, so
    many are asked for at once first: for the most of those that were 0 in a solution, for the least of others (drawn by
    lot instead, it takes twice as long). What stays narrow is then asked for alone: within its department, all others
    held as they are in one solution (such a program is small, and whatever solves it solves the whole), and last in the
    whole.
    """

    def __init__(self, inequalities: Inequalities) -> None:
        self.inequalities = inequalities
        self.hidden = inequalities.hidden
        self.at = {count: k for k, count in enumerate(self.hidden)}
        self.places = np.array([cell.department for cell, _ in inequalities.names])
        self.hidden_places = np.array([cell.department for cell, _ in self.hidden])
        anything = inequalities.solution()
        self.low = inequalities.counted @ anything
        self.high = self.low.copy()
        whole = _Asked(inequalities.program, inequalities.counted, np.arange(len(self.hidden)))
        self._sweep(whole)
        for department in np.unique(self.hidden_places[self._narrow]):
            self._widen(self._within(department, anything))
        self._widen(whole)
        for k in self._doubtful():
            self._ask(whole, k, 1)

    def of(self, k: int) -> tuple[int, int]:
        """Return the least and the most whole number that a count can be, by its place among the hidden ones."""
        return int(np.ceil(self.low[k] - TOLERANCE)), int(np.floor(self.high[k] + TOLERANCE))

    def is_bounded(self, k: int) -> bool:
        """Say whether a count is fewer than five whole numbers, or known to be a small one and fewer than that."""
        low, high = self.of(k)
        return high - low + 1 < POSSIBLE or (self._small_ones(k) < POSSIBLE and self._must_be_small(k))

    def is_guarded(self, k: int) -> bool:
        """Return whether the count must stay secret; a large count of pupils that only protects others need not."""
        if self.inequalities.is_told(*self.hidden[k]):
            return False
        return self.hidden[k][1] != "pupils" or not self._seems_large(k)

    def _within(self, department: str, held: np.ndarray) -> _Asked:
        """Return what can be asked of a department, the nation's counts free and those of others as they are held."""
        free = np.isin(self.places, (department, NATION))
        mine = np.flatnonzero(np.isin(self.hidden_places, (department, NATION)))
        program = self.inequalities.program.part(free, held)
        return _Asked(program, self.inequalities.counted[mine][:, free], mine)

    def _sweep(self, asked: _Asked) -> None:
        """Ask for all narrow counts at once, some for the least and some for the most, while that widens any."""
        left = self._n_narrow(asked)
        while left:
            signs = np.where(self.low[asked.told_of] < 1, -1.0, 1.0)
            self._solve(asked, np.where(self._narrow[asked.told_of], signs, 0.0))
            before = left
            left = self._n_narrow(asked)
            if left == before:
                return

    def _widen(self, asked: _Asked) -> None:
        """Ask for the least and the most of each count until it is not narrow."""
        self._sweep(asked)
        for n in map(int, np.flatnonzero(self._narrow[asked.told_of])):
            k = asked.told_of[n]
            for weight in (1, -1):
                if self.high[k] - self.low[k] < POSSIBLE:
                    self._ask(asked, n, weight)

    def _ask(self, asked: _Asked, n: int, weight: int) -> None:
        """Ask for the least (1) or the most (-1) of one of the counts."""
        alone = np.zeros(len(asked.told_of))
        alone[n] = weight
        self._solve(asked, alone)

    def _solve(self, asked: _Asked, weights: np.ndarray) -> None:
        """Find a solution in which the weighted counts come to the least, and keep what it tells of each."""
        values = asked.counted @ asked.program.least(asked.counted.T @ weights)
        self.low[asked.told_of] = np.minimum(self.low[asked.told_of], values)
        self.high[asked.told_of] = np.maximum(self.high[asked.told_of], values)

    @property
    def _narrow(self) -> np.ndarray:
        return self.high - self.low < POSSIBLE

    def _n_narrow(self, asked: _Asked) -> int:
        return int(self._narrow[asked.told_of].sum())

    def _seems_large(self, k: int) -> bool:
        """Say whether no solution yet makes a count small."""
        return bool(self.low[k] >= SMALL[self.hidden[k][1]])

    def _small_ones(self, k: int) -> int:
        """Return how many whole numbers a small count can be: below its limit, or so that its complement is."""
        return sum(max(0, SMALL[self.hidden[one][1]] - self.of(one)[0]) for one in self._with_complement(k))

    def _with_complement(self, k: int) -> list[int]:
        cell, quantity = self.hidden[k]
        return [self.at[cell, one] for one in {quantity, COMPLEMENT.get(quantity, quantity)}]

    def _must_be_small(self, k: int) -> bool:
        """Say whether an attacker knows a count to be the small one: it can be, and no other hidden one beside it."""
        return self._can_be_small(k) and not any(map(self._can_be_small, self._beside(k)))

    def _can_be_small(self, k: int) -> bool:
        """Say whether a count may have been hidden for itself."""
        return not all(map(self._seems_large, self._with_complement(k)))

    def _beside(self, k: int) -> Iterator[int]:
        """Yield the hidden counts that may have been hidden for another."""
        cell, quantity = self.hidden[k]
        for other in self.inequalities.beside(cell):
            if other != cell and (other, quantity) in self.at:
                yield self.at[other, quantity]
        if (same := of_same_children(cell)) and (same, "cases") in self.at:
            yield self.at[same, "cases"]

    def _doubtful(self) -> list[int]:
        """Return the counts on whose least numbers it hangs whether others are known to be small."""
        found: set[int] = set()
        for k in range(len(self.hidden)):
            if self._small_ones(k) < POSSIBLE and not any(map(self._can_be_small, self._beside(k))):
                found.update(one for other in (k, *self._beside(k)) for one in self._with_complement(other))
        return sorted(found)
