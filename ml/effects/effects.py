"""Effect of a service on the children who got it, against comparable children who did not.

The effect on the served (ATT) is estimated by augmented inverse probability weighting (Robins, Rotnitzky and Zhao,
1994), cross-fitted on schools apart (Chernozhukov et al., 2018): it is right if either the propensity to be served or
the others' outcome is modeled well. Neither helps against unmeasured confounding; a placebo and E-values say how much
of it there would have to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ml import parallel
from ml.effects.finding import (
    Comparison,
    EffectFinding,
    EffectLimits,
    EffectMethod,
    EffectVerdict,
    Floats,
    Mask,
)
from ml.judging.metric import Metric, Z

FOLDS = 3
NUISANCE = {
    "max_bins": 63,
    "max_iter": 80,
    "learning_rate": 0.08,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 40,
    "random_state": 0,
}
UNLIKELY = 0.01  # of the served were less likely to be
FEWEST = 20


@dataclass(frozen=True)
class Study:
    """Children without a service by a date, some of whom got it afterwards."""

    values: Floats  # features as known on the date, shape (children, features)
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

    def has_at_least(self, least: int) -> bool:
        """Say whether there are so many served and so many others."""
        return bool(min(self.served.sum(), (~self.served).sum()) >= least)


@dataclass(frozen=True)
class Matched:
    """A study with each child's propensity to be served; children without comparable others are left out."""

    study: Study
    kept: Mask  # of the whole study
    propensity: Floats
    fold: NDArray[np.int64]
    overlap: float


def of_service(study: Study, outcomes: Mapping[str, Floats], limits: EffectLimits) -> dict[str, EffectFinding]:
    """Judge the effect of a service on each outcome (NaN where it cannot be said)."""
    n_served = int(study.served.sum())
    if not study.has_at_least(limits.least_served):
        return {name: EffectFinding(EffectMethod.COMPARISON, n_served, EffectVerdict.FEW) for name in outcomes}
    matched = match(study, limits)
    placebo = None if matched is None else _of_placebo(matched.study, limits)
    return {name: _judged(study, matched, outcome, placebo, limits) for name, outcome in outcomes.items()}


def _judged(
    study: Study, matched: Matched | None, outcome: Floats, placebo: Metric | None, limits: EffectLimits
) -> EffectFinding:
    known = ~np.isnan(outcome)
    n_served = int(study.served[known].sum())
    plain = _difference(study.of(known), outcome[known])
    compared = None if matched is None else compare(matched, outcome)
    if compared is None or compared.overlap < limits.least_overlap:
        return EffectFinding(EffectMethod.COMPARISON, n_served, EffectVerdict.OVERLAP, plain, compared)
    verdict = _verdict(compared, placebo, limits)
    return EffectFinding(EffectMethod.COMPARISON, n_served, verdict, plain, compared, placebo)


def _verdict(compared: Comparison, placebo: Metric | None, limits: EffectLimits) -> EffectVerdict:
    if compared.imbalance > limits.worst_imbalance:
        return EffectVerdict.BALANCE
    refutes = placebo is not None and _is_significant(placebo, limits.placebo_z)
    return EffectVerdict.PLACEBO if refutes else EffectVerdict.SHOWN


def _is_significant(metric: Metric, errors: float) -> bool:
    """Say whether a figure is more than so many standard errors away from 0."""
    half = (float(metric.high or 0) - float(metric.low or 0)) / 2
    return abs(metric.value) > errors / Z * half


def _of_placebo(study: Study, limits: EffectLimits) -> Metric | None:
    """Return the «effect» on something that was over before the service; None where hardly anybody has it."""
    before = study.values[:, list(study.names).index(limits.placebo)]
    known = ~np.isnan(before)
    remaining = study.of(known).without(limits.placebo_left_out)
    matched = match(remaining, limits) if remaining.has_at_least(limits.least_served) else None
    compared = None if matched is None else compare(matched, before[known])
    return None if compared is None else compared.effect


def match(study: Study, limits: EffectLimits) -> Matched | None:
    """Estimate each child's propensity to be served; None where hardly anybody is comparable.

    Others who were less likely than nearly all who were served are left out at once: they would weigh nothing.
    """
    fold = _folds(study.school)
    everybody = np.ones(len(fold), dtype=bool)
    propensity = _cross_fitted(_propensity, study.values, study.served, everybody, fold)
    of_served = propensity[study.served]
    kept = (propensity <= limits.largest_propensity) & (propensity >= np.quantile(of_served, UNLIKELY))
    overlap = float((of_served <= limits.largest_propensity).mean())
    matched = Matched(study.of(kept), kept, propensity[kept], fold[kept], overlap)
    return matched if matched.study.has_at_least(FEWEST) else None


def compare(matched: Matched, whole_outcome: Floats) -> Comparison | None:
    """Estimate the effect on the served; None where hardly any of them has comparable others.

    Args:
        matched: the children.
        whole_outcome: of every child of the study.
    """
    outcome = whole_outcome[matched.kept]
    known = ~np.isnan(outcome)
    study, propensity, outcome = matched.study.of(known), matched.propensity[known], outcome[known]
    if not study.has_at_least(FEWEST):
        return None
    served = study.served
    residual = outcome - _cross_fitted(_prognosis, study.values, outcome, ~served, matched.fold[known])
    weight = np.where(served, 0.0, propensity / (1 - propensity))
    of_served, of_others = residual[served].mean(), np.average(residual, weights=weight)
    influence = served * (residual - of_served) / served.mean() - weight * (residual - of_others) / weight.mean()
    return Comparison(
        effect=Metric.from_error("effect", of_served - of_others, clustered_error(influence, study.school)),
        mean_served=float(outcome[served].mean()),
        overlap=matched.overlap,
        effective_others=float(weight.sum() ** 2 / (weight**2).sum()),
        imbalance=_imbalance(study.values, served, weight),
    )


def _folds(school: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold of each child, whole schools together."""
    groups = np.unique(school, return_inverse=True)[1]
    return np.random.default_rng(0).permutation(groups.max() + 1)[groups] % FOLDS


Target = NDArray[np.float64] | NDArray[np.bool_]
Predictor = Callable[[Floats], Floats]


def _cross_fitted(
    fit: Callable[[Floats, Target], Predictor], values: Floats, target: Target, trains: Mask, fold: NDArray[np.int64]
) -> Floats:
    """Return predictions for each fold of schools by a model of the other folds."""

    def predictions(number: int) -> Floats:
        """Return those of one fold."""
        seen, held_out = trains & (fold != number), fold == number
        present = (~np.isnan(values[seen])).any(axis=0)  # boosting cannot bin a column without values
        return fit(values[seen][:, present], target[seen])(values[held_out][:, present])

    predicted = np.zeros(len(values))
    for number, of_fold in enumerate(parallel.each(predictions, range(FOLDS))):
        predicted[fold == number] = of_fold
    return predicted


def _propensity(values: Floats, served: Target) -> Predictor:
    model = HistGradientBoostingClassifier(**NUISANCE).fit(values, served)
    return lambda other: model.predict_proba(other)[:, 1]


def _prognosis(values: Floats, outcome: Target) -> Predictor:
    model = HistGradientBoostingRegressor(**NUISANCE).fit(values, outcome)
    return lambda other: model.predict(other)


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
    served = study.served
    share = study.served.mean()
    of_served, of_others = outcome[served].mean(), outcome[~served].mean()
    influence = np.where(served, (outcome - of_served) / share, -(outcome - of_others) / (1 - share))
    return Metric.from_error("plain", of_served - of_others, clustered_error(influence, study.school))


def clustered_error(influence: Floats, school: NDArray[np.int64]) -> float:
    """Return the standard error of a mean of influences that depend on each other within a school."""
    sums = np.bincount(np.unique(school, return_inverse=True)[1], weights=influence)
    return float(np.sqrt((sums**2).sum())) / len(influence)
