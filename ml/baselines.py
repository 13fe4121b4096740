"""What a table of results shows beside models and rules: chance, and targeting whole schools instead of children."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.dataset import Rows

Baseline = Callable[[Rows], NDArray[np.float64]]
PRIOR_PUPILS = 50  # a school with few known pupils counts as if it had so many more of the usual rate
KNUTH = np.uint64(2654435761)  # a multiplicative hash: the same child always draws the same lot


def by_chance(before: Rows) -> Baseline:
    """Rank by lot."""
    return lambda judged: (judged.child.astype(np.uint64) * KNUTH % np.uint64(2**32)).astype(float)


def by_school(before: Rows) -> Baseline:
    """Rank by how many of the school's pupils had the outcome in the years before; children of a school are equal.

    An evaluation in Wisconsin found this as good as scores of children: the tables show whether it is here.
    """
    known = before.of(~np.isnan(before.label))
    schools, at = np.unique(known.school, return_inverse=True)
    usual = known.label.mean()
    cases, pupils = np.bincount(at, weights=known.label), np.bincount(at)
    rate = dict(zip(schools, (cases + PRIOR_PUPILS * usual) / (pupils + PRIOR_PUPILS), strict=True))
    return lambda judged: np.array([rate.get(school, usual) for school in judged.school])


BASELINES: dict[str, Callable[[Rows], Baseline]] = {"baseline:chance": by_chance, "baseline:school": by_school}
