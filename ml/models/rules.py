"""The rules that people use today: a model has to beat them, and they rank where no model may.

A rule is a function of features; a larger number comes first, and whom the rule does not meet has 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ml.policy import Policy

# Assumption: cut-offs by group of grades, as districts set them that find one for all too coarse:
# last grade of the group → attendance at or below, failed areas from, years over age from.
CUT_OFFS = {2: (0.85, 1, 1), 6: (0.88, 1, 2), 9: (0.90, 2, 2), 11: (0.92, 3, 2)}
Columns = Mapping[str, NDArray[np.float64]]
Rule = Callable[[Columns], NDArray[np.float64]]


def abc(policy: Policy, columns: Columns) -> NDArray[np.float64]:
    """Low attendance or enough failed areas (behavior reports are not for schools to see).

    Those who meet more criteria come first, then those who attend least; missing values meet nothing.
    """
    attendance = columns["attendance_share"]
    low = attendance <= policy.low_attendance_share
    failed = columns["n_failed_areas"] >= policy.abc_failed_areas
    return _by_criteria(low.astype(float) + failed, attendance)


def over_age(policy: Policy, columns: Columns) -> NDArray[np.float64]:
    """Enough years above the grade's age; the oldest first."""
    years = np.nan_to_num(columns["over_age_years"], nan=0.0)
    return np.where(years >= policy.over_age_risk_years, years, 0.0)


def cut_offs(_: Policy, columns: Columns) -> NDArray[np.float64]:
    """Fixed cut-offs of attendance, failed areas and age, of each group of grades; ordered as the ABC rule is."""
    last = np.array(list(CUT_OFFS))
    group = np.minimum(np.searchsorted(last, np.nan_to_num(columns["grade"], nan=99.0)), len(last) - 1)
    low, failed, old = np.array(list(CUT_OFFS.values()))[group].T
    attendance = columns["attendance_share"]
    met = (attendance <= low).astype(float) + (columns["n_failed_areas"] >= failed) + (columns["over_age_years"] >= old)
    return _by_criteria(met, attendance)


def _by_criteria(met: NDArray[np.float64], attendance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(met > 0, met + (1 - np.nan_to_num(attendance, nan=1.0)), 0.0)


RULES: dict[str, Callable[[Policy, Columns], NDArray[np.float64]]] = {
    "rule:abc": abc,
    "rule:over_age": over_age,
    "rule:cut_offs": cut_offs,
}
FEATURES = ("attendance_share", "n_failed_areas", "over_age_years", "grade")


def by_name(policy: Policy) -> dict[str, Rule]:
    """Return each rule by its name, with the thresholds of a policy."""
    return {name: partial(rule, policy) for name, rule in RULES.items()}
