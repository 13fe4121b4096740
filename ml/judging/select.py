"""The choice of a candidate: the simplest within one standard error of the most precise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ml.judging.backtest import Judged
from ml.judging.evaluate import Mask, Sample


class Shortfall(NamedTuple):
    """The precision of the best candidate less that of another, and the standard error of the difference."""

    precision: float
    error: float


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, the most precise one, and each one's shortfall."""

    chosen: str
    best: str
    shortfalls: dict[str, Shortfall]  # by candidate

    def __str__(self) -> str:
        """Say the choice, with each shortfall."""
        shortfalls = ", ".join(f"{name} {s.precision:.4f} (±{s.error:.4f})" for name, s in self.shortfalls.items())
        return (
            f"{self.chosen} is the simplest within one standard error of the most precise, {self.best}; "
            f"short of it in precision: {shortfalls}"
        )


def one_standard_error(judged: Judged, promotable: Sequence[str], share: float) -> Choice:
    """Choose among candidates, given from the simplest to the most flexible.

    The error is that of the difference, with schools drawn together (Breiman et al., 1984, for the rule).

    Args:
        judged: the deciding years.
        promotable: the candidates.
        share: capacity as a share of each group's pupils.
    """
    sample = Sample(judged.rows)
    lists = {name: sample.listed(judged.ranked[name], share) for name in promotable}
    precision = {name: sample.precision(on_list) for name, on_list in lists.items()}
    best = max(promotable, key=lambda name: precision[name])
    shortfalls = {
        name: Shortfall(precision[best] - precision[name], _error(sample, lists[best], lists[name]))
        for name in promotable
    }
    return Choice(_simplest(shortfalls), best, shortfalls)


def _simplest(shortfalls: dict[str, Shortfall]) -> str:
    return next(name for name, shortfall in shortfalls.items() if shortfall.precision <= shortfall.error)


def _error(sample: Sample, first: Mask, second: Mask) -> float:
    """Return the standard error of the difference of two lists' precisions."""
    return float(np.std(sample.precisions(first) - sample.precisions(second)))
