"""Baselines beside models and rules: chance, whole schools, and the list of the year before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Rows

Baseline = Callable[[Rows], NDArray[np.float64]]
PRIOR_PUPILS = 50  # a school with few known pupils counts as if it had so many more of the usual rate
KNUTH = np.uint64(2654435761)  # a multiplicative hash: the same child always draws the same lot
NOBODY = -1e9  # ranks after everybody else


def by_chance(before: Rows) -> Baseline:
    """Rank by lot."""
    return lambda judged: (judged.key.astype(np.uint64) * KNUTH % np.uint64(2**32)).astype(float)


def by_school(before: Rows) -> Baseline:
    """Rank by how many of the school's pupils had the outcome in the years before; children of a school are equal.

    An evaluation in Wisconsin found this as good as scores of children: the tables show whether it is here.
    """
    known = before.labeled
    usual = known.label.mean()
    n = len(known.cluster.names)
    cases = np.bincount(known.cluster.codes, weights=known.label, minlength=n)
    rate = (cases + PRIOR_PUPILS * usual) / (np.bincount(known.cluster.codes, minlength=n) + PRIOR_PUPILS)
    of_school = dict(zip(known.cluster.names, rate, strict=True))

    def ranking(judged: Rows) -> NDArray[np.float64]:
        """Return the rate of each row's school, the usual one where it is new."""
        return np.array([of_school.get(name, usual) for name in judged.cluster.names])[judged.cluster.codes]

    return ranking


def by_last_year(earlier: Rows, risk: NDArray[np.float64]) -> Baseline:
    """Rank by the risk of the year before at its last date, as if no new list had been made; the new come last.

    Args:
        earlier: rows of the year before.
        risk: of each of them.
    """
    order = np.lexsort((earlier.date.codes, earlier.key))
    last = np.append(np.diff(earlier.key[order]) > 0, True) if len(order) else np.empty(0, dtype=bool)
    keys = earlier.key[order][last]
    risks = risk[order][last]

    def ranking(judged: Rows) -> NDArray[np.float64]:
        """Return last year's risk of each row's child."""
        if not len(keys):
            return np.full(len(judged.key), NOBODY)
        at = np.minimum(np.searchsorted(keys, judged.key), len(keys) - 1)
        return np.where(keys[at] == judged.key, risks[at], NOBODY)

    return ranking


BASELINES: dict[str, Callable[[Rows], Baseline]] = {"baseline:chance": by_chance, "baseline:school": by_school}
LAST_YEAR = "baseline:last_year"
