"""Affine calibration of log-odds by level, area and part of the year, shrunk to that of all where cases are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
IDENTITY = np.array([1.0, 0.0])
PULL = np.array([PRIOR_SLOPE, PRIOR_SHIFT])
RIDGE = 1e-6  # keeps the curvature regular where cases and others are apart and no slope is steep enough


SEPARATOR = "·"
PERIODS = np.array(["04", "07", "10"])  # the months of the dates that train
LAST_MONTHS = np.array([5, 8])  # of the dates that are nearest to the first, and to the second of them


class Line(NamedTuple):
    """Slope and shift of one segment."""

    slope: float
    shift: float

    def of(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the line's values."""
        return self.shift + self.slope * x

    def then(self, next_line: Line) -> Line:
        """Return the line of another one after this one."""
        return Line(self.slope * next_line.slope, next_line.shift + next_line.slope * self.shift)


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
        lines = np.array([self._of(segment, whole) for segment in segments]).reshape(-1, 2)
        return lines[at, 0], lines[at, 1]

    def _of(self, segment: str, whole: Line) -> Line:
        """Return the line of a segment; models of former code know no part of the year."""
        without_period = segment.rpartition(SEPARATOR)[0]
        return self.of_segment.get(segment) or self.of_segment.get(without_period) or whole

    def terms(self) -> dict[str, float]:
        """Return slope and intercept of every segment as terms of `ml.model_terms`: «slope:F0·rural·04»."""
        lines = {ALL: Line(self.slope, self.shift)} | self.of_segment
        slopes = {f"{SLOPE}{segment}": line.slope for segment, line in lines.items()}
        return slopes | {f"{INTERCEPT}{segment}": line.shift for segment, line in lines.items()}


def from_terms(terms: Mapping[str, float]) -> Calibration:
    """Read a calibration back from its terms; without any, log-odds stay as they are."""
    segments = [name.removeprefix(SLOPE) for name in terms if name.startswith(SLOPE)]
    lines = {segment: Line(terms[f"{SLOPE}{segment}"], terms[f"{INTERCEPT}{segment}"]) for segment in segments}
    whole = lines.pop(ALL, Line(1.0, 0.0))
    return Calibration(whole.slope, whole.shift, lines)


def segment_name(level: NDArray[np.str_], area: NDArray[np.str_], month: NDArray[np.integer[Any]]) -> NDArray[np.str_]:
    """Return the name of each row's segment, as in «F0·rural·04»: a date goes with the nearest one that trains."""
    period = PERIODS[np.searchsorted(LAST_MONTHS, month)]
    parts = np.char.add(np.char.add(level, SEPARATOR), area)
    return np.char.add(np.char.add(parts, SEPARATOR), period)


def segment_names(rows: Rows) -> NDArray[np.str_]:
    """Return the name of each row's segment; «unknown» stands for a missing part."""
    missing = np.full(len(rows.key), UNKNOWN)
    level, area = (rows.segments[name].texts() if name in rows.segments else missing for name in SEGMENTS)
    return segment_name(level, area, rows.month)


def fit(
    raw_log_odds: NDArray[np.float64],
    label: NDArray[np.float64],
    names: NDArray[np.str_],
    weight: NDArray[np.float64] | None = None,
) -> Calibration:
    """Fit slope and shift of all, then of each part of the year, then of each segment, each pulled to those before.

    Args:
        raw_log_odds: decision function on rows that the model has not seen.
        label: 0 or 1.
        names: segment of each row; what follows the last separator is the part of the year.
        weight: of each row; 1 where none is given.
    """
    weights = np.ones(len(label)) if weight is None else weight
    segments, at = np.unique(names, return_inverse=True)
    periods = np.array([segment.rpartition(SEPARATOR)[2] if SEPARATOR in segment else "" for segment in segments])

    def after(line: Line, rows: NDArray[np.bool_], pull: NDArray[np.float64]) -> Line:
        """Return the line of some rows, pulled to one that was fitted before."""
        own = logistic(line.of(raw_log_odds[rows]), label[rows], pull, IDENTITY, weights[rows])
        return line.then(Line(*own.tolist()))

    whole = after(Line(1.0, 0.0), np.ones(len(label), dtype=bool), np.zeros(2))
    of_period = {period: after(whole, periods[at] == period, PULL) for period in np.unique(periods)}
    lines = {
        str(segment): after(of_period[period], at == number, PULL)
        for number, (segment, period) in enumerate(zip(segments, periods, strict=True))
    }
    return Calibration(whole.slope, whole.shift, lines)


def logistic(
    x: NDArray[np.float64],
    label: NDArray[np.float64],
    pull: NDArray[np.float64],
    to: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return (slope, shift) of a logistic regression on one variable by Newton's method.

    Args:
        x: the variable.
        label: 0 or 1.
        pull: precision of a normal prior on slope and shift; 0 for none.
        to: mean of that prior.
        weight: of each row; 1 where none is given.
    """
    weights = np.ones(len(x)) if weight is None else weight
    design = np.column_stack([x, np.ones(len(x))])
    coefficients = to.copy()

    def loss(at: NDArray[np.float64]) -> float:
        """Return the penalized negative log-likelihood."""
        log_odds = design @ at
        return float(
            (weights * (np.logaddexp(0, log_odds) - label * log_odds)).sum() + (pull * (at - to) ** 2).sum() / 2
        )

    for _ in range(STEPS):
        chance = expit(design @ coefficients)
        gradient = design.T @ (weights * (label - chance)) - pull * (coefficients - to)
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(pull + RIDGE)
        step = np.linalg.solve(curvature, gradient)
        while loss(coefficients + step) > loss(coefficients) and np.abs(step).max() > CLOSE:
            step = step / 2
        if np.abs(step).max() <= CLOSE:
            break
        coefficients = coefficients + step
    return coefficients
