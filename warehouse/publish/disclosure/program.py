"""Linear programs over one set of inequalities, of which only what is asked for changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from warehouse.errors import BuildFailed

if TYPE_CHECKING:
    import highspy

# The primal simplex goes on from the last solution when something else is asked for, which the dual cannot.
SOLVER = {"output_flag": False, "threads": 1, "simplex_strategy": 4}


class Contradiction(BuildFailed):
    """What is shown cannot all be true at once."""


@dataclass(frozen=True)
class Program:
    """Limits of some counts, and of sums of them."""

    sums: sparse.csr_array  # what each sum weighs each count with
    at_least: np.ndarray  # of each sum
    at_most: np.ndarray
    low: np.ndarray  # of each count
    high: np.ndarray

    def part(self, free: np.ndarray, held: np.ndarray) -> Program:
        """Return the program of some counts while all others are held: its solutions are some of the whole's.

        Args:
            free: true for each count that may be anything.
            held: a solution of this program; of it, the values of the others.
        """
        mine = self.sums[:, free]
        rows = np.diff(mine.indptr) > 0
        rest = self.sums @ np.where(free, 0, held)
        limits = (self.at_least - rest)[rows], (self.at_most - rest)[rows]
        return Program(mine[rows], *limits, self.low[free], self.high[free])

    def least(self, wanted: np.ndarray) -> np.ndarray:
        """Return a solution in which counts times what is wanted of each come to the least, from the last one on.

        Raises:
            Contradiction: nothing can be.
        """
        columns = np.arange(len(wanted), dtype=np.int32)
        self._solver.changeColsCost(len(wanted), columns, wanted)
        self._solver.run()
        if (status := self._solver.getModelStatus()).name != "kOptimal":
            said = self._solver.modelStatusToString(status)
            raise Contradiction(f"officials: counts of one year and level contradict each other: {said}")
        return np.array(self._solver.getSolution().col_value)

    @cached_property
    def _solver(self) -> highspy.Highs:
        import highspy

        class Quiet(highspy.Highs):
            """One that does not write its name and terms among our lines, as its callbacks do before it can be told."""

            def enableCallbacks(self) -> None:  # noqa: N802  its own name
                """Do without: nothing calls back."""

        solver = Quiet()  # type: ignore[no-untyped-call]  # highspy gives its classes no types
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = self.sums.shape
        model.col_cost_ = np.zeros(len(self.low))
        model.col_lower_ = self.low
        model.col_upper_ = self.high
        model.row_lower_ = self.at_least
        model.row_upper_ = self.at_most
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = self.sums.indptr
        matrix.index_ = self.sums.indices
        matrix.value_ = self.sums.data
        for name, value in SOLVER.items():
            solver.setOptionValue(name, value)
        solver.passModel(model)
        return solver
