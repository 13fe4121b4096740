"""Affine calibration of log-odds by segment (level and area), shrunk to that of all where cases are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ml.data.dataset import UNKNOWN, Rows

SEGMENTS = ("level", "area")
ALL = "all"
SLOPE = "slope:"
INTERCEPT = "intercept:"
PRIOR_SHIFT = 25.0  # precision of the pull to the whole: like 1 / variance in log-odds
PRIOR_SLOPE = 100.0
STEPS = 50
CLOSE = 1e-10
RIDGE = 1e-6  # keeps the curvature regular where cases and others are apart and no slope is steep enough


class Line(NamedTuple):
    """Slope and shift of one segment."""

    slope: float
    shift: float


@dataclass(frozen=True)
class Calibration:
    """log-odds = shift + slope * raw log-odds; by segment, and of all for unknown segments."""

    slope: float = 1.0
    shift: float = 0.0
    of_segment: dict[str, Line] = field(default_factory=dict)

    def of_rows(self, names: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return slope and shift of each row, by the name of its segment."""
        segments, at = np.unique(names, return_inverse=True)
        whole = Line(self.slope, self.shift)
        lines = np.array([self.of_segment.get(segment, whole) for segment in segments]).reshape(-1, 2)
        return lines[at, 0], lines[at, 1]

    def terms(self) -> dict[str, float]:
        """Return slope and intercept of every segment as terms of `ml.model_terms`: «slope:F0·rural»."""
        lines = {ALL: Line(self.slope, self.shift)} | self.of_segment
        slopes = {f"{SLOPE}{segment}": line.slope for segment, line in lines.items()}
        return slopes | {f"{INTERCEPT}{segment}": line.shift for segment, line in lines.items()}


def from_terms(terms: Mapping[str, float]) -> Calibration:
    """Read a calibration back from its terms; without any, log-odds stay as they are."""
    segments = [name.removeprefix(SLOPE) for name in terms if name.startswith(SLOPE)]
    lines = {segment: Line(terms[f"{SLOPE}{segment}"], terms[f"{INTERCEPT}{segment}"]) for segment in segments}
    whole = lines.pop(ALL, Line(1.0, 0.0))
    return Calibration(whole.slope, whole.shift, lines)


def segment_name(level: NDArray[np.str_], area: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the name of each row's segment, as in «F0·rural»."""
    return np.char.add(np.char.add(level, "·"), area)


def segment_names(rows: Rows) -> NDArray[np.str_]:
    """Return the name of each row's segment; «unknown» stands for a missing part."""
    missing = np.full(len(rows.key), UNKNOWN)
    return segment_name(*(rows.segments[name].texts() if name in rows.segments else missing for name in SEGMENTS))


def fit(raw_log_odds: NDArray[np.float64], label: NDArray[np.float64], names: NDArray[np.str_]) -> Calibration:
    """Fit slope and shift of all, then of each segment with a pull to those of all.

    Args:
        raw_log_odds: decision function on rows that the model has not seen.
        label: 0 or 1.
        names: segment of each row.
    """
    identity = np.array([1.0, 0.0])
    slope, shift = logistic(raw_log_odds, label, np.zeros(2), identity)
    whole = shift + slope * raw_log_odds
    pull = np.array([PRIOR_SLOPE, PRIOR_SHIFT])
    lines = {}
    for name in np.unique(names):
        rows = names == name
        own_slope, own_shift = logistic(whole[rows], label[rows], pull, identity)
        lines[str(name)] = Line(float(slope * own_slope), float(own_shift + own_slope * shift))
    return Calibration(float(slope), float(shift), lines)


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
    design = np.column_stack([x, np.ones(len(x))])
    coefficients = to.copy()

    def loss(at: NDArray[np.float64]) -> float:
        """Return the penalized negative log-likelihood."""
        log_odds = design @ at
        return float((np.logaddexp(0, log_odds) - label * log_odds).sum() + (pull * (at - to) ** 2).sum() / 2)

    for _ in range(STEPS):
        chance = expit(design @ coefficients)
        gradient = design.T @ (label - chance) - pull * (coefficients - to)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(pull + RIDGE)
        step = np.linalg.solve(curvature, gradient)
        while loss(coefficients + step) > loss(coefficients) and np.abs(step).max() > CLOSE:
            step = step / 2
        if np.abs(step).max() <= CLOSE:
            break
        coefficients = coefficients + step
    return coefficients
