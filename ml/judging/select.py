"""Which candidate should be used: the simplest whose list is, within one standard error, as precise as the best's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.judging.backtest import Judged
from ml.judging.evaluate import Mask, Sample


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, the most precise one, and how far each falls short of it."""

    chosen: str
    best: str
    shortfalls: dict[str, tuple[float, float]]  # candidate → precision less than the best's, its standard error

    def __str__(self) -> str:
        """Say it, with what each falls short."""
        said = ", ".join(f"{name} {short:.4f} (±{error:.4f})" for name, (short, error) in self.shortfalls.items())
        return (
            f"{self.chosen} is the simplest within one standard error of the most precise, {self.best}; "
            f"short of it in precision: {said}"
        )


def one_standard_error(judged: Judged, promotable: Sequence[str], share: float) -> Choice:
    """Choose among candidates, given from the simplest to the most flexible.

    The error is that of the difference, with schools drawn together (Breiman et al., 1984, for the rule).

    Args:
        judged: the deciding years.
        promotable: who may be chosen.
        share: capacity as a share of each group's pupils.
    """
    sample = Sample(judged.rows)
    lists = {name: sample.listed(judged.ranked[name], share) for name in promotable}
    precise = {name: _precision(sample, on_list) for name, on_list in lists.items()}
    best = max(promotable, key=lambda name: precise[name])
    shortfalls = {
        name: (precise[best] - precise[name], _error(sample, lists[best], lists[name])) for name in promotable
    }
    return Choice(_simplest(shortfalls), best, shortfalls)


def _simplest(shortfalls: dict[str, tuple[float, float]]) -> str:
    return next(name for name, (short, error) in shortfalls.items() if short <= error)


def _precision(sample: Sample, on_list: Mask) -> float:
    return float((sample.cases * on_list).sum() / max((on_list & sample.known).sum(), 1))


def _error(sample: Sample, mine: Mask, theirs: Mask) -> float:
    """Return the standard error of the difference of two lists' precisions."""
    first, second = (sample.sums(sample.cases * of) / np.maximum(sample.sums((of & sample.known) * 1.0), 1e-12)
                     for of in (mine, theirs))  # fmt: skip
    return float(np.std(first - second))
