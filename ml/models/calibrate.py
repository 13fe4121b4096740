"""Calibration, affine in log-odds, of each segment (level and area): drawn to that of all where cases are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ml.data.dataset import UNKNOWN, Rows

SEGMENTS = ("level", "area")
ALL, SLOPE, INTERCEPT = "all", "slope:", "intercept:"
PRIOR_SHIFT, PRIOR_SLOPE = 25.0, 100.0  # precision of the pull to the whole: like 1 / variance in log-odds
STEPS, CLOSE = 50, 1e-10
RIDGE = 1e-6  # keeps the curvature regular where cases and others are apart and no slope is steep enough


@dataclass(frozen=True)
class Calibration:
    """log-odds = shift + slope * what the model says; by segment, and of all for what is no known segment."""

    slope: float = 1.0
    shift: float = 0.0
    of_segment: dict[str, tuple[float, float]] = field(default_factory=dict)  # segment → slope, shift

    def of_rows(self, names: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return slope and shift of each row, by the name of its segment."""
        found, at = np.unique(names, return_inverse=True)
        pairs = np.array([self.of_segment.get(name, (self.slope, self.shift)) for name in found]).reshape(-1, 2)
        return pairs[at, 0], pairs[at, 1]

    def terms(self) -> dict[str, float]:
        """Return slope and intercept of every segment as terms of `ml.model_terms`: «slope:F0·rural»."""
        every = {ALL: (self.slope, self.shift)} | self.of_segment
        slopes = {f"{SLOPE}{segment}": slope for segment, (slope, _) in every.items()}
        return slopes | {f"{INTERCEPT}{segment}": shift for segment, (_, shift) in every.items()}


def from_terms(found: Mapping[str, float]) -> Calibration:
    """Read a calibration back from its terms; none is none."""
    segments = [name.removeprefix(SLOPE) for name in found if name.startswith(SLOPE)]
    pairs = {segment: (found[f"{SLOPE}{segment}"], found[f"{INTERCEPT}{segment}"]) for segment in segments}
    return Calibration(*pairs.pop(ALL, (1.0, 0.0)), pairs)


def named(level: NDArray[np.str_], area: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the name of each row's segment, as in «F0·rural»."""
    return np.char.add(np.char.add(level, "·"), area)


def segment_names(rows: Rows) -> NDArray[np.str_]:
    """Return the name of each row's segment; «unknown» stands for what the rows do not have."""
    missing = np.full(len(rows.key), UNKNOWN)
    return named(*(rows.segments[name].texts() if name in rows.segments else missing for name in SEGMENTS))


def fit(said: NDArray[np.float64], label: NDArray[np.float64], names: NDArray[np.str_]) -> Calibration:
    """Fit slope and shift of all, then of each segment with a pull to those of all.

    Args:
        said: decision function on rows that the model has not seen.
        label: 0 or 1.
        names: segment of each row.
    """
    slope, shift = logistic(said, label, np.zeros(2), np.array([1.0, 0.0]))
    whole = shift + slope * said
    pull, start = np.array([PRIOR_SLOPE, PRIOR_SHIFT]), np.array([1.0, 0.0])
    found = {}
    for name in np.unique(names):
        mine = names == name
        more, less = logistic(whole[mine], label[mine], pull, start)
        found[str(name)] = (float(slope * more), float(less + more * shift))
    return Calibration(float(slope), float(shift), found)


def logistic(
    x: NDArray[np.float64], label: NDArray[np.float64], pull: NDArray[np.float64], to: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (slope, shift) of a logistic regression on one variable by Newton's method.

    Args:
        x: the variable.
        label: 0 or 1.
        pull: precision of a normal prior on slope and shift; 0 for none.
        to: mean of that prior.
    """
    design, found = np.column_stack([x, np.ones(len(x))]), to.copy()

    def loss(at: NDArray[np.float64]) -> float:
        said = design @ at
        return float((np.logaddexp(0, said) - label * said).sum() + (pull * (at - to) ** 2).sum() / 2)

    for _ in range(STEPS):
        chance = expit(design @ found)
        gradient = design.T @ (label - chance) - pull * (found - to)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(pull + RIDGE)
        step = np.linalg.solve(curvature, gradient)
        while loss(found + step) > loss(found) and np.abs(step).max() > CLOSE:
            step = step / 2
        if np.abs(step).max() <= CLOSE:
            break
        found = found + step
    return found
