"""The causal structure: causes of interruption, effects of services, and the true risk.

Disengagement `e` follows a monthly autoregressive path and shows in absences and marks. Together with the child's
circumstances it sets the chance of interrupting studies at the year's end. All coefficients are assumptions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIRST_MONTH = 3
LAST_MONTH = 12
MONTHS = LAST_MONTH - FIRST_MONTH + 1
PERSISTENCE = 0.85
SHOCK = 0.38
DISENGAGEMENT_EFFECT = 1.15
BASE_RATES = {2018: 0.026, 2019: 0.031, 2020: 0.030, 2021: 0.015, 2022: 0.025, 2023: 0.026, 2024: 0.026}
USUAL_RATE = 0.026
SERVICE_EFFECTS = {"TUTOR": -0.5, "VISITA": -0.8, "REFUERZO": -0.35, "JUNTOS": -0.4}  # true effects in log-odds
LEAVES_WITHIN_YEAR = 0.3  # share of the children who interrupt that leaves before the year ends
LEAVING_MONTHS = (6, 11)
QUADRATURE_NODES = 12  # with so many the error is below a millionth


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def path(rng: np.random.Generator, start: NDArray[np.float64], drift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw the monthly path of disengagement, shape (children, months), standardized units."""
    levels = np.empty((len(start), MONTHS))
    level = start
    for month in range(MONTHS):
        level = PERSISTENCE * level + (1 - PERSISTENCE) * drift + SHOCK * rng.normal(0, 1, len(start))
        levels[:, month] = level
    return levels


def untreated_log_odds(
    *, poverty: NDArray, language: NDArray, over_age: NDArray, hours: NDArray, grade: NDArray, effect: NDArray
) -> NDArray[np.float64]:
    """Return the log-odds of interruption without services and before the path, up to the year's intercept."""
    return (
        0.45 * poverty
        + 0.3 * (language == 1)
        + 0.4 * (language == 2)
        + 0.55 * np.clip(over_age, 0, 4)
        + 0.8 * (hours >= 15)
        + 0.45 * (grade >= 10)
        + 0.6 * (grade == 9)
        + effect
    )


def expected(log_odds: NDArray, level: NDArray, drift: NDArray, months_left: int) -> NDArray[np.float64]:
    """Return the chance of interruption given today's disengagement, integrated over the coming months.

    The mean of a logistic of a normal is computed by Gauss-Hermite quadrature.
    """
    kept = PERSISTENCE**months_left
    mean = log_odds + DISENGAGEMENT_EFFECT * (kept * level + (1 - kept) * drift)
    error = DISENGAGEMENT_EFFECT * SHOCK * np.sqrt((1 - kept**2) / (1 - PERSISTENCE**2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    return sum(w * sigmoid(mean + error * node) for node, w in zip(nodes, weights / weights.sum(), strict=True))


def intercept(log_odds: NDArray[np.float64], rate: float) -> float:
    """Return the intercept that gives the base rate, by bisection."""
    low = -15.0
    high = 5.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < rate else (low, middle)
    return (low + high) / 2


def helped(received: NDArray[np.int64], leaving: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whom a service helped: children who received it (month, 0 if not) before the month of leaving."""
    return (received > 0) & (received < leaving)


def leaves_within_year(is_last_grade: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of the children who interrupt that leaves before the year ends."""
    return np.where(is_last_grade, 1.0, LEAVES_WITHIN_YEAR)


def still_here(risk: NDArray[np.float64], month: int, is_last_grade: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a risk conditional on the child still being in school at the end of a month."""
    first, last = LEAVING_MONTHS
    gone = leaves_within_year(is_last_grade) * np.clip((month - first + 1) / (last - first + 1), 0, 1)
    return risk * (1 - gone) / (1 - risk * gone)
