"""The level of a year: training years share one base rate, and what is announced has a range for a year unseen.

The rule: rows are weighted so that each year has the mean of the years' base rates. What a model announces of a year
that nobody has seen is then the mean of the years that it knows, each counting alike. On light countries of other seeds
than those reported, the newest year's level and one by which older years count less were no better
(docs/evaluation.md).

Nothing known at the time tells how an unseen year strays from that mean. The range holds its level in 90% of years: it
is that of a Student prediction, with the spread between the years that trained pulled to an assumed one, since two to
five years tell little of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student

USUAL_SPREAD = 0.14  # assumption: standard deviation of a year's level, in log-odds, with what a model errs
WORTH_YEARS = 3  # assumption: that spread counts like so many years
COVER = 0.90
STEPS = 30
MOST = 1.0  # a step in log-odds


def weights(year: NDArray[np.int64], label: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights of rows that give each year the same base rate and leave its size as it is.

    Args:
        year: of each row.
        label: 0 or 1; a year of only one of them keeps its weights.
    """
    at = np.unique(year, return_inverse=True)[1]
    rates = np.bincount(at, weights=label) / np.bincount(at)
    mixed = (rates > 0) & (rates < 1)
    if not mixed.any():
        return np.ones(len(label))
    shared = rates[mixed].mean()
    of_case = np.where(mixed, shared / np.where(mixed, rates, 1), 1)
    of_other = np.where(mixed, (1 - shared) / np.where(mixed, 1 - rates, 1), 1)
    return np.where(label == 1, of_case[at], of_other[at])


def offsets(log_odds: NDArray[np.float64], label: NDArray[np.float64], year: NDArray[np.int64]) -> dict[int, float]:
    """Return by how much each year's level lies above what was announced, in log-odds.

    Args:
        log_odds: announced by models that have not seen the rows.
        label: 0 or 1; a year of only one of them has no level.
        year: of each row.
    """
    found = {}
    for number in np.unique(year):
        here = year == number
        if 0 < label[here].sum() < here.sum():
            found[int(number)] = _offset(log_odds[here], float(label[here].sum()))
    return found


def _offset(log_odds: NDArray[np.float64], cases: float) -> float:
    """Return what has to be added to log-odds for as many cases to be expected, by Newton's method."""
    offset = 0.0
    for _ in range(STEPS):
        chance = expit(log_odds + offset)
        offset += float(np.clip((cases - chance.sum()) / (chance * (1 - chance)).sum(), -MOST, MOST))
    return offset


def range_of(strayed: Sequence[float]) -> float:
    """Return how far, in log-odds to each side, the level of an unseen year may stray from the mean of those known.

    Args:
        strayed: what each year that trained strayed.
    """
    n = len(strayed)
    squares = float(((np.asarray(strayed) - np.mean(strayed)) ** 2).sum()) if n else 0.0
    degrees = WORTH_YEARS + max(n - 1, 0)
    spread = np.sqrt((WORTH_YEARS * USUAL_SPREAD**2 + squares) / degrees)
    return float(student.ppf((1 + COVER) / 2, degrees) * spread * np.sqrt(1 + 1 / max(n, 1)))


def total_range(log_odds: NDArray[np.float64], level_range: float) -> tuple[float, float]:
    """Return between which numbers the cases among some children lie in 90% of unseen years: level and chance."""
    chance = expit(log_odds)
    luck = float(student.ppf((1 + COVER) / 2, np.inf)) ** 2 * (chance * (1 - chance)).sum()
    low, high = (expit(log_odds + side * level_range).sum() - chance.sum() for side in (-1, 1))
    return max(float(chance.sum() - np.hypot(low, np.sqrt(luck))), 0.0), float(
        chance.sum() + np.hypot(high, np.sqrt(luck))
    )
