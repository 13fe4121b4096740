"""What a service did to those who got it: against comparable children who did not.

The effect on the served (ATT) is estimated by augmented inverse probability weighting (Robins, Rotnitzky and Zhao,
1994), cross-fitted on schools apart (Chernozhukov et al., 2018): it is right if either who is served or what becomes of
the others is described well. Neither helps against what is written down nowhere; a placebo and E-values say how much of
that there would have to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ml import parallel
from ml.judging.evaluate import Metric

FILE = Path(__file__).with_name("effects.yml")
FOLDS = 3
NUISANCE = {
    "max_bins": 63,
    "max_iter": 80,
    "learning_rate": 0.08,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 40,
    "random_state": 0,
}
FAR = 1.96
UNLIKELY = 0.01  # of the served were less likely to be
FEWEST = 20
SHOWN, COMPARISON = "shown", "comparison"
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """From when on an effect is shown; see `effects.yml`."""

    least_served: int
    largest_propensity: float
    least_overlap: float
    worst_imbalance: float
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


@dataclass(frozen=True)
class Finding:
    """What is known of the effect of one service; `verdict` is `shown`, or why it is not."""

    method: str
    n_served: int
    verdict: str
    plain: Metric | None = None  # the served less everybody else: what would mislead
    compared: Comparison | None = None
    placebo: Metric | None = None

    @property
    def mean_without(self) -> float | None:
        """What would have been without the service."""
        return self.compared and self.compared.mean_served - self.compared.effect.value

    def as_row(self) -> dict[str, object]:
        """Return the finding as a row of `ml.effects`, null where there is no figure."""
        compared, e_values = self.compared, self.e_values or (None, None)
        return {
            "method": self.method, "n_served": self.n_served, "verdict": self.verdict,
            **_columns("effect", compared and compared.effect), **_columns("plain", self.plain),
            **_columns("placebo", self.placebo), "mean_served": compared and compared.mean_served,
            "mean_without": self.mean_without, "e_value": e_values[0], "e_value_of_limit": e_values[1],
            "overlap": compared and compared.overlap, "effective_others": compared and compared.effective_others,
            "imbalance": compared and compared.imbalance,
        }  # fmt: skip

    @property
    def e_values(self) -> tuple[float, float] | None:
        """The E-values of the effect and of the end of its interval that is nearest to none."""
        if self.compared is None:
            return None
        one, there = self.compared.effect, self.compared.mean_served
        low, high = float(one.low or 0), float(one.high or 0)
        nearest = 0.0 if low <= 0 <= high else min(low, high, key=abs)
        return e_value(there, there - one.value), e_value(there, there - nearest)


def limits(path: Path = FILE) -> Limits:
    """Read the limits."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Limits(**given | {"placebo_left_out": tuple(given["placebo_left_out"])})


def e_value(risk: float, risk_without: float) -> float:
    """Return how strongly something unseen would have to go with service and outcome, as risk ratio, to explain it.

    1 if nothing has to be explained (VanderWeele and Ding, 2017).
    """
    lower, higher = sorted((max(risk, 1e-9), max(risk_without, 1e-9)))
    ratio = higher / lower
    return ratio + float(np.sqrt(ratio * (ratio - 1)))


@dataclass(frozen=True)
class Study:
    """Children who had not got a service by a date, after which some did."""

    values: Floats  # what was known on the date, shape (children, features)
    names: Sequence[str]  # of the features
    served: Mask
    school: NDArray[np.int64]  # intervals and folds hold whole ones together

    def of(self, kept: Mask) -> Study:
        """Return the study of some of the children."""
        return Study(self.values[kept], self.names, self.served[kept], self.school[kept])

    def without(self, left_out: Sequence[str]) -> Study:
        """Return the study without some features."""
        at = [i for i, name in enumerate(self.names) if name not in left_out]
        return Study(self.values[:, at], [self.names[i] for i in at], self.served, self.school)

    def is_least(self, least: int) -> bool:
        """Say whether there are so many served and so many others."""
        return min(self.served.sum(), (~self.served).sum()) >= least


@dataclass(frozen=True)
class Matched:
    """A study with how likely each child was to be served; who is unlike the others is left out."""

    study: Study
    kept: Mask  # of the whole study
    chance: Floats
    fold: NDArray[np.int64]
    overlap: float


def of_service(study: Study, outcomes: Mapping[str, Floats], rules: Limits) -> dict[str, Finding]:
    """Judge the effect of a service on each outcome (NaN where it cannot be said)."""
    n_served = int(study.served.sum())
    if not study.is_least(rules.least_served):
        return {name: Finding(COMPARISON, n_served, "few") for name in outcomes}
    matched = match(study, rules)
    placebo = _of_placebo(matched.study, rules) if matched else None
    return {name: _judged(study, matched, outcome, placebo, rules) for name, outcome in outcomes.items()}


def _judged(study: Study, matched: Matched | None, outcome: Floats, placebo: Metric | None, rules: Limits) -> Finding:
    known = ~np.isnan(outcome)
    n_served, plain = int(study.served[known].sum()), _difference(study.of(known), outcome[known])
    compared = matched and compare(matched, outcome)
    if compared is None or compared.overlap < rules.least_overlap:
        return Finding(COMPARISON, n_served, "overlap", plain, compared)
    return Finding(COMPARISON, n_served, _verdict(compared, placebo, rules), plain, compared, placebo)


def _verdict(compared: Comparison, placebo: Metric | None, rules: Limits) -> str:
    if compared.imbalance > rules.worst_imbalance:
        return "balance"
    return "placebo" if placebo is not None and _is_far_from_none(placebo, rules.placebo_z) else SHOWN


def _is_far_from_none(metric: Metric, errors: float) -> bool:
    half = (float(metric.high or 0) - float(metric.low or 0)) / 2
    return abs(metric.value) > errors / FAR * half


def _of_placebo(study: Study, rules: Limits) -> Metric | None:
    """Return the «effect» on something that was over before the service; None where hardly anybody has it."""
    before = study.values[:, list(study.names).index(rules.placebo)]
    has = ~np.isnan(before)
    apart = study.of(has).without(rules.placebo_left_out)
    matched = match(apart, rules) if apart.is_least(rules.least_served) else None
    found = matched and compare(matched, before[has])
    return found and found.effect


def match(study: Study, rules: Limits) -> Matched | None:
    """Estimate how likely each child was to be served; None where hardly anybody is comparable.

    Others who were less likely than nearly all who were served are left out at once: they would weigh nothing.
    """
    fold = _folds(study.school)
    chance = _unseen(_propensity, study.values, study.served, np.ones(len(fold), dtype=bool), fold)
    mine = chance[study.served]
    kept = (chance <= rules.largest_propensity) & (chance >= np.quantile(mine, UNLIKELY))
    overlap = float((mine <= rules.largest_propensity).mean())
    found = Matched(study.of(kept), kept, chance[kept], fold[kept], overlap)
    return found if found.study.is_least(FEWEST) else None


def compare(matched: Matched, whole_outcome: Floats) -> Comparison | None:
    """Estimate the effect on the served; None where hardly any of them has comparable others.

    Args:
        matched: the children.
        whole_outcome: of every child of the study.
    """
    outcome = whole_outcome[matched.kept]
    known = ~np.isnan(outcome)
    study, chance, outcome = matched.study.of(known), matched.chance[known], outcome[known]
    if not study.is_least(FEWEST):
        return None
    served = study.served
    gap = outcome - _unseen(_prognosis, study.values, outcome, ~served, matched.fold[known])
    weight = np.where(served, 0.0, chance / (1 - chance))
    mine, theirs = gap[served].mean(), np.average(gap, weights=weight)
    influence = served * (gap - mine) / served.mean() - weight * (gap - theirs) / weight.mean()
    return Comparison(
        interval("effect", mine - theirs, clustered_error(influence, study.school)), float(outcome[served].mean()),
        matched.overlap, float(weight.sum() ** 2 / (weight**2).sum()), _imbalance(study.values, served, weight),
    )  # fmt: skip


def _folds(school: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold of each child, whole schools together."""
    groups = np.unique(school, return_inverse=True)[1]
    return np.random.default_rng(0).permutation(groups.max() + 1)[groups] % FOLDS


def _unseen(
    fitted: Callable[[Floats, NDArray], Callable[[Floats], Floats]], values: Floats, target: NDArray, teaches: Mask,
    fold: NDArray[np.int64],
) -> Floats:  # fmt: skip
    """Return what models say of the schools that each has not seen."""

    def says(number: int) -> Floats:
        seen, apart = teaches & (fold != number), fold == number
        there = (~np.isnan(values[seen])).any(axis=0)  # boosting cannot bin what is not there
        return fitted(values[seen][:, there], target[seen])(values[apart][:, there])

    found = np.zeros(len(values))
    for number, said in enumerate(parallel.each(says, range(FOLDS))):
        found[fold == number] = said
    return found


def _propensity(values: Floats, served: Mask) -> Callable[[Floats], Floats]:
    model = HistGradientBoostingClassifier(**NUISANCE).fit(values, served)
    return lambda other: model.predict_proba(other)[:, 1]


def _prognosis(values: Floats, outcome: Floats) -> Callable[[Floats], Floats]:
    return HistGradientBoostingRegressor(**NUISANCE).fit(values, outcome).predict


def _imbalance(values: Floats, served: Mask, weight: Floats) -> float:
    """Return the largest difference of means in standard deviations of all; a missing value counts as the mean."""
    known = ~np.isnan(values)
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, mean)
    spread = filled.std(axis=0)
    gap = filled[served].mean(axis=0) - weight @ filled / weight.sum()
    return float(np.abs(gap[spread > 0] / spread[spread > 0]).max(initial=0.0))


def _difference(study: Study, outcome: Floats) -> Metric:
    """Return the mean of the served less that of all others."""
    served, share = study.served, study.served.mean()
    mine, theirs = outcome[served].mean(), outcome[~served].mean()
    influence = np.where(served, (outcome - mine) / share, -(outcome - theirs) / (1 - share))
    return interval("plain", mine - theirs, clustered_error(influence, study.school))


def clustered_error(influence: Floats, school: NDArray[np.int64]) -> float:
    """Return the standard error of a mean of influences that depend on each other within a school."""
    sums = np.bincount(np.unique(school, return_inverse=True)[1], weights=influence)
    return float(np.sqrt((sums**2).sum())) / len(influence)


def _columns(name: str, metric: Metric | None) -> dict[str, float | None]:
    found = metric or Metric(name, np.nan)
    return {name: metric and found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def interval(name: str, value: float, error: float) -> Metric:
    """Return a figure with its 95 % interval, from its standard error."""
    return Metric(name, float(value), float(value - FAR * error), float(value + FAR * error))
