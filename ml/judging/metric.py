"""A figure and its 95 % interval: from a standard error, from bootstrap replicates, or of a share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.96  # a 95 % interval of a normal distribution reaches so many standard errors to each side
QUANTILES = (0.025, 0.975)  # the ends of a 95 % interval among replicates


@dataclass(frozen=True)
class Metric:
    """One figure with its 95 % interval, where there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def from_error(cls, name: str, value: float, error: float) -> Metric:
        """Return a figure with the interval that its standard error gives."""
        return cls(name, float(value), float(value - Z * error), float(value + Z * error))

    @classmethod
    def from_replicates(cls, name: str, value: float, replicates: NDArray[np.float64]) -> Metric:
        """Return a figure with the interval that most of its bootstrap replicates lie in."""
        low, high = np.quantile(replicates, QUANTILES)
        return cls(name, float(value), float(low), float(high))

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends of the interval, where there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def range(self) -> tuple[float, float]:
        """Both ends of the interval; the value twice where there is none."""
        return self.interval or (self.value, self.value)

    def renamed(self, name: str) -> Metric:
        """Return the figure under another name."""
        return Metric(name, self.value, self.low, self.high)


def wilson_interval(rate: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n cases (Wilson, 1927)."""
    center = rate + Z**2 / (2 * n)
    half = Z * np.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    return float((center - half) / (1 + Z**2 / n)), float((center + half) / (1 + Z**2 / n))
