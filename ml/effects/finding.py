"""Findings on the effects of services: estimates, the verdict on them, and the limits that it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from ml.judging.metric import Metric

FILE = Path(__file__).with_name("effects.yml")
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class EffectMethod(StrEnum):
    """How an effect is estimated, as stored."""

    COMPARISON = "comparison"
    DISCONTINUITY = "discontinuity"


class EffectVerdict(StrEnum):
    """Whether an effect is shown, or the reason why it is not, as stored."""

    SHOWN = "shown"
    FEW = "few"  # too few served or not served
    OVERLAP = "overlap"  # too few of the served have comparable others
    THIN = "thin"  # the others who count are too few, or lie in too few schools
    BALANCE = "balance"  # a covariate differs after weighting
    SECOND = "second"  # a second estimator says something else
    PLACEBO = "placebo"  # an «effect» on something that was over before the service
    NO_JUMP = "no_jump"  # the listed were hardly likelier to be served


@dataclass(frozen=True)
class EffectLimits:
    """From when on an effect is shown; see `effects.yml`."""

    least_served: int
    largest_propensity: float
    least_overlap: float
    least_effective: float
    least_schools: float
    worst_imbalance: float
    worst_disagreement: float
    power: float
    least_jump: float
    placebo_z: float
    placebo: str
    placebo_left_out: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Served children beside weighted others."""

    effect: Metric  # difference of means among the served
    mean_served: float
    overlap: float  # share of the served with comparable others
    effective_others: float  # how many unweighted ones the weighted are worth (Kish, 1965)
    imbalance: float  # largest standardized difference of a covariate after weighting
    visible: float  # the smallest effect that would be seen with the power that is asked for
    second: float | None = None  # the effect by the others' outcomes alone, without weights
    effective_schools: float | None = None  # of the served or of the others, whichever are fewer
    propensity_model: str | None = None
    prognosis_model: str | None = None

    @property
    def disagreement(self) -> float:
        """How far the second estimate lies from the first, in half widths of its interval."""
        if self.second is None:
            return 0.0
        half = (float(self.effect.high or 0) - float(self.effect.low or 0)) / 2
        return abs(self.second - self.effect.value) / half if half else 0.0

    def is_thin(self, limits: EffectLimits) -> bool:
        """Say whether the others who count are too few, or either side's schools, or there is no interval."""
        schools = np.inf if self.effective_schools is None else self.effective_schools
        few = self.effective_others < limits.least_effective or schools < limits.least_schools
        return few or not np.isfinite([self.effect.value, *self.effect.range]).all()


@dataclass(frozen=True)
class EffectFinding:
    """The effect of one service on one outcome, with the verdict on it."""

    method: EffectMethod
    n_served: int
    verdict: EffectVerdict
    plain: Metric | None = None  # the served less everybody else: biased by need
    compared: Comparison | None = None
    placebo: Metric | None = None

    @property
    def mean_without(self) -> float | None:
        """Mean outcome of the served, had they not been."""
        return None if self.compared is None else self.compared.mean_served - self.compared.effect.value

    def as_row(self) -> dict[str, object]:
        """Return the finding as a row of `ml.effects`, null where there is no figure."""
        e_value, e_value_of_limit = self.e_values or (None, None)
        return {
            "method": self.method.value,
            "n_served": self.n_served,
            "verdict": self.verdict.value,
            **_columns("effect", None if self.compared is None else self.compared.effect),
            **_columns("plain", self.plain),
            **_columns("placebo", self.placebo),
            "mean_without": self.mean_without,
            "e_value": e_value,
            "e_value_of_limit": e_value_of_limit,
            **{name: getattr(self.compared, name, None) for name in SCALARS},
        }

    @property
    def e_values(self) -> tuple[float, float] | None:
        """The E-values of the effect and of the end of its interval that is nearest to none."""
        if self.compared is None:
            return None
        effect = self.compared.effect
        mean_served = self.compared.mean_served
        low = float(effect.low or 0)
        high = float(effect.high or 0)
        nearest = 0.0 if low <= 0 <= high else min(low, high, key=abs)
        return e_value(mean_served, mean_served - effect.value), e_value(mean_served, mean_served - nearest)


SCALARS = (  # of a comparison, as columns
    "visible",
    "mean_served",
    "overlap",
    "effective_others",
    "effective_schools",
    "imbalance",
    "second",
    "propensity_model",
    "prognosis_model",
)


def read_limits(path: Path = FILE) -> EffectLimits:
    """Read the limits."""
    limits = yaml.safe_load(path.read_text(encoding="utf-8"))
    return EffectLimits(**limits | {"placebo_left_out": tuple(limits["placebo_left_out"])})


def e_value(risk: float, risk_without: float) -> float:
    """Return the E-value: the risk ratio that an unmeasured confounder would need with both service and outcome.

    1 if nothing has to be explained (VanderWeele and Ding, 2017).
    """
    lower, higher = sorted((max(risk, 1e-9), max(risk_without, 1e-9)))
    ratio = higher / lower
    return ratio + float(np.sqrt(ratio * (ratio - 1)))


def _columns(name: str, metric: Metric | None) -> dict[str, float | None]:
    if metric is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}
