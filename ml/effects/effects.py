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

from ml.effects import intervals, nuisance
from ml.effects.finding import (
    Comparison,
    EffectFinding,
    EffectLimits,
    EffectMethod,
    EffectVerdict,
    Floats,
    Mask,
)
from ml.effects.intervals import Spread
from ml.effects.nuisance import Chosen, Table
from ml.judging.metric import Metric, Z

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
    chosen: Chosen  # the model of who is served, over the whole study


def of_service(
    study: Study, outcomes: Mapping[str, Floats], limits: EffectLimits, say: Callable[[str], None] = lambda _: None
) -> dict[str, EffectFinding]:
    """Judge the effect of a service on each outcome (NaN where it cannot be said).

    Args:
        study: those who were served, and others.
        outcomes: name → outcome of each.
        limits: when an effect is shown; without a placebo among the features none is tried.
        say: progress.
    """
    n_served = int(study.served.sum())
    if not study.has_at_least(limits.least_served):
        return {name: EffectFinding(EffectMethod.COMPARISON, n_served, EffectVerdict.FEW) for name in outcomes}
    matched = match(study, limits)
    if matched is not None:
        say(f"who is served: {matched.chosen.name} model, {matched.study.served.sum()} served with comparable others")
    placebo = None if matched is None else _of_placebo(matched.study, limits)
    if placebo is not None:
        say(f"placebo {limits.placebo}: {placebo.value:+.4g} [{placebo.low:+.4g}, {placebo.high:+.4g}]")
    return {name: _judged(study, matched, outcome, placebo, limits) for name, outcome in outcomes.items()}


def _judged(
    study: Study, matched: Matched | None, outcome: Floats, placebo: Metric | None, limits: EffectLimits
) -> EffectFinding:
    known = ~np.isnan(outcome)
    n_served = int(study.served[known].sum())
    plain = _difference(study.of(known), outcome[known])
    compared = None if matched is None else compare(matched, outcome, limits)
    verdict = EffectVerdict.OVERLAP if compared is None else verdict_on(compared, placebo, limits)
    return EffectFinding(EffectMethod.COMPARISON, n_served, verdict, plain, compared, placebo)


def verdict_on(compared: Comparison, placebo: Metric | None, limits: EffectLimits) -> EffectVerdict:
    """Say whether a comparison is shown, or the first reason why it is not."""
    refused = {
        EffectVerdict.OVERLAP: compared.overlap < limits.least_overlap,
        EffectVerdict.THIN: compared.is_thin(limits),
        EffectVerdict.BALANCE: compared.imbalance > limits.worst_imbalance,
        EffectVerdict.SECOND: compared.disagreement > limits.worst_disagreement,
        EffectVerdict.PLACEBO: placebo is not None and _is_significant(placebo, limits.placebo_z),
    }
    return next((verdict for verdict, is_so in refused.items() if is_so), EffectVerdict.SHOWN)


def _is_significant(metric: Metric, errors: float) -> bool:
    """Say whether a figure is more than so many standard errors away from 0."""
    half = (float(metric.high or 0) - float(metric.low or 0)) / 2
    return abs(metric.value) > errors / Z * half


def _of_placebo(study: Study, limits: EffectLimits) -> Metric | None:
    """Return the «effect» on something that was over before the service; None where hardly anybody has it."""
    if limits.placebo not in study.names:
        return None
    before = study.values[:, list(study.names).index(limits.placebo)]
    known = ~np.isnan(before)
    remaining = study.of(known).without(limits.placebo_left_out)
    matched = match(remaining, limits) if remaining.has_at_least(limits.least_served) else None
    compared = None if matched is None else compare(matched, before[known], limits)
    return None if compared is None else compared.effect


def match(study: Study, limits: EffectLimits) -> Matched | None:
    """Estimate each child's propensity to be served; None where hardly anybody is comparable.

    Others who were less likely than nearly all who were served are left out at once: they would weigh nothing.
    """
    table = Table(study.values, study.school, nuisance.folds(study.school))
    chosen = nuisance.propensity(table, study.served)
    propensity = chosen.predicted
    of_served = propensity[study.served]
    kept = (propensity <= limits.largest_propensity) & (propensity >= np.quantile(of_served, UNLIKELY))
    overlap = float((of_served <= limits.largest_propensity).mean())
    matched = Matched(study.of(kept), kept, propensity[kept], table.fold[kept], overlap, chosen)
    return matched if matched.study.has_at_least(FEWEST) else None


def compare(matched: Matched, whole_outcome: Floats, limits: EffectLimits) -> Comparison | None:
    """Estimate the effect on the served; None where hardly any of them has comparable others.

    Args:
        matched: the children.
        whole_outcome: of every child of the study.
        limits: with what chance the smallest effect that could be seen would be.
    """
    outcome = whole_outcome[matched.kept]
    known = ~np.isnan(outcome)
    study = matched.study.of(known)
    propensity = matched.propensity[known]
    outcome = outcome[known]
    if not study.has_at_least(FEWEST):
        return None
    served = study.served
    table = Table(study.values, study.school, matched.fold[known])
    expected = nuisance.prognosis(table, outcome, ~served)
    residual = outcome - expected.predicted
    weight = np.where(served, 0.0, propensity / (1 - propensity))
    of_served = residual[served].mean()
    of_others = np.average(residual, weights=weight)
    arms = (served.astype(float), weight)
    spread = Spread.between(residual, arms, study.school)
    return Comparison(
        effect=spread.around("effect", of_served - of_others),
        mean_served=float(outcome[served].mean()),
        overlap=matched.overlap,
        effective_others=intervals.kish(weight),
        imbalance=_imbalance(study.values, served, weight),
        visible=spread.visible(limits.power),
        second=float(of_served),
        effective_schools=min(intervals.effective_schools(arm, study.school) for arm in arms),
        propensity_model=matched.chosen.name,
        prognosis_model=expected.name,
    )


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
    of_served = outcome[served].mean()
    of_others = outcome[~served].mean()
    arms = (served.astype(float), (~served).astype(float))
    return Spread.between(outcome, arms, study.school).around("plain", of_served - of_others)
