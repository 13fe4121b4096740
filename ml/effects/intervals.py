"""Intervals of estimates whose children depend on each other within a school, and what they could have seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ml.effects.finding import Floats
from ml.judging.metric import Metric

LEVEL = 0.95
Schools = NDArray[np.int64]


class Spread(NamedTuple):
    """The standard error of an estimate, and the degrees of freedom that it is known with."""

    error: float
    freedom: float

    @classmethod
    def of(cls, influence: Floats, school: Schools) -> Spread:
        """Return the spread of a mean of influences that depend on each other within a school.

        Args:
            influence: of each child on the estimate, times the number of children, mean 0.
            school: of each child.
        """
        sums = _sums(influence, school) / len(influence)
        n_schools = max(int((sums != 0).sum()), 2)
        return cls.of_pulls(sums * n_schools / (n_schools - 1))

    @classmethod
    def between(cls, value: Floats, arms: tuple[Floats, Floats], school: Schools) -> Spread:
        """Return the spread of the difference of two weighted means.

        Args:
            value: of each child.
            arms: weights of each child in the first mean and in the second.
            school: of each child; with few effective ones in either arm, degrees of freedom are those of two such arms.
        """
        first, second = (pulls(value, arm, school) for arm in arms)
        spread = cls.of_pulls(first - second)
        fewest = min(effective_schools(arm, school) for arm in arms)
        return cls(spread.error, max(min(spread.freedom, 2 * (fewest - 1)), 1))

    @classmethod
    def of_pulls(cls, pulls: Floats) -> Spread:
        """Return the spread of an estimate by how far it moves when each school is left out.

        A jackknife: schools of much weight pull more than their influence says, as where few schools were served. G
        schools that pull have G - 1 degrees of freedom (CV3 of MacKinnon, Nielsen and Webb, 2023).
        """
        freedom = max(int((pulls != 0).sum()) - 1, 1)
        return cls(float(np.sqrt((pulls**2).sum() * freedom / (freedom + 1))), freedom)

    @property
    def half(self) -> float:
        """How far a 95 % interval reaches to each side."""
        return float(stats.t.ppf((1 + LEVEL) / 2, self.freedom)) * self.error

    def around(self, name: str, value: float) -> Metric:
        """Return a figure with its 95 % interval."""
        return Metric(name, float(value), float(value - self.half), float(value + self.half))

    def visible(self, power: float) -> float:
        """Return the smallest effect of which the interval would keep away from 0 with a given chance (Bloom, 1995)."""
        return self.half + float(stats.t.ppf(power, self.freedom)) * self.error


def pulls(value: Floats, weight: Floats, school: Schools) -> Floats:
    """Return how much higher a weighted mean is than without each school; infinite for one that has all the weight."""
    share = _sums(weight, school) / weight.sum()
    pull = _sums(weight * (value - np.average(value, weights=weight)), school) / weight.sum()
    return np.where(share < 1, pull / np.where(share < 1, 1 - share, 1), np.inf)


def effective_schools(weight: Floats, school: Schools) -> float:
    """Return how many schools of equal weight the weighted children are worth."""
    return kish(_sums(weight, school))


def kish(weight: Floats) -> float:
    """Return how many unweighted ones the weighted are worth (Kish, 1965)."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def _sums(weight: Floats, school: Schools) -> Floats:
    return np.bincount(np.unique(school, return_inverse=True)[1], weights=weight).astype(float)
