"""Drift of a live model: its inputs and scores against what trained it, its predictions against outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from ml.data import stability
from ml.data.dataset import Rows, Spec
from ml.judging import evaluate
from ml.judging.evaluate import Sample
from ml.judging.metric import Metric
from ml.models import rules
from ml.policy import Policy

FILE = Path(__file__).with_name("drift.yml")
SAMPLE = 20_000
FOLDS = 3
EVERYTHING = "all"
NEW_LABELS = "outcomes have matured that the live model has not learned from"


class DriftAction(StrEnum):
    """The action that drift calls for; the values begin the stored advice."""

    TRAIN = "train again"
    LOOK = "keep the model; look at"
    KEEP = "keep the model"


@dataclass(frozen=True)
class DriftAdvice:
    """An action and its reasons; `str` gives the text that is stored (`ml.drift.advice`)."""

    action: DriftAction
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        """Return the stored text."""
        separator = " " if self.action is DriftAction.LOOK else ": "
        return f"{self.action}{separator}{'; '.join(self.reasons)}"


@dataclass(frozen=True)
class DriftLimit:
    """The bounds of a figure; beyond them, somebody has to look."""

    says: str
    limit: float = float("inf")
    at_least: float = float("-inf")
    retrains: bool = False
    withholds: bool = False  # beyond it, no probability is shown where it was measured

    def is_exceeded(self, metric: Metric) -> bool:
        """Say whether the figure is beyond, its interval with it where it has one."""
        low, high = metric.range
        return low > self.limit or high < self.at_least


@dataclass(frozen=True)
class DriftFinding:
    """One figure of drift: of everything, or of a feature."""

    name: str
    of: str
    metric: Metric
    limit: DriftLimit

    @property
    def is_exceeded(self) -> bool:
        """Whether it is beyond its limit."""
        return self.limit.is_exceeded(self.metric)

    @property
    def segment(self) -> str:
        """The segment that it was measured in, as in «region=15»; «all» for everybody."""
        return self.of if "=" in self.of else EVERYTHING

    def __str__(self) -> str:
        """Say the figure with its feature."""
        of = "" if self.of == EVERYTHING else f" of {self.of}"
        return f"{self.name}{of} {self.metric.value:.2f}"


def read_limits(path: Path = FILE) -> dict[str, DriftLimit]:
    """Read the limits by figure."""
    return {name: DriftLimit(**limit) for name, limit in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def reference_of(training: Rows, month: int) -> Rows:
    """Return the training rows of the same part of the year: attendance in April is not that in October."""
    return training.of(training.month == month)


def of_inputs(reference: Rows, current: Rows, spec: Spec) -> Iterator[DriftFinding]:
    """Yield the stability of each feature, the share of those that mean another thing, and the two-sample AUC of all.

    Args:
        reference: the rows that trained, on dates of the same month.
        current: children on the newest date that has such a reference.
        spec: the features.
    """
    limits = read_limits()
    yield from that_withhold(reference, current)
    for i, name in enumerate(spec.features):
        metric = Metric("feature_psi", stability.index(reference.values[:, i], current.values[:, i]))
        yield DriftFinding("feature_psi", name, metric, limits["feature_psi"])
    yield DriftFinding("two_sample_auc", EVERYTHING, two_sample_auc(reference, current), limits["two_sample_auc"])


def that_withhold(reference: Rows, current: Rows) -> Iterator[DriftFinding]:
    """Yield the figures of inputs beyond which probabilities are withheld, as `of_inputs` does."""
    limits = read_limits()
    far = Metric("far_features_share", stability.far_share(reference, current))
    yield DriftFinding(far.name, EVERYTHING, far, limits[far.name])
    yield from _of_coverage(reference, current, limits["coverage_lost"])


def _of_coverage(reference: Rows, current: Rows, limit: DriftLimit) -> Iterator[DriftFinding]:
    """Yield by region how much of the feature that lost most is missing now and was known to those who trained.

    The interval counts schools, not children: a school's records come or stay away together.
    """
    if "region" not in current.segments:
        return
    regions = reference.segments["region"].texts()
    for name, here in current.segments["region"].values():
        there = regions == name
        known = np.isnan(reference.values[there if there.any() else slice(None)]).mean(axis=0)
        missing = np.isnan(current.values[here]).mean(axis=0)
        most = int((missing - known).argmax())
        error = np.sqrt(missing[most] * (1 - missing[most]) / len(np.unique(current.cluster.codes[here])))
        metric = Metric.from_error("coverage_lost", missing[most] - known[most], error)
        yield DriftFinding("coverage_lost", f"region={name}", metric, limit)


def of_scores(reference: NDArray[np.float64], current: NDArray[np.float64]) -> DriftFinding:
    """Return the stability of a model's log-odds between two dates."""
    metric = Metric("score_psi", stability.index(reference, current))
    return DriftFinding("score_psi", EVERYTHING, metric, read_limits()["score_psi"])


def of_outcomes(
    rows: Rows, log_odds: NDArray[np.float64], spec: Spec, policy: Policy, share: float
) -> Iterator[DriftFinding]:
    """Yield observed against predicted outcomes, and the precision against the best rule's, once labels have matured.

    Args:
        rows: children with the scores that were stored for them, and their final labels.
        log_odds: those scores.
        spec: the features.
        policy: thresholds of the rules.
        share: capacity as a share of each group's pupils.
    """
    limits = read_limits()
    sample = Sample(rows)
    on_list = sample.listed(log_odds, share)
    observed = evaluate.calibration(sample, log_odds, on_list)[0]
    yield DriftFinding(observed.name, EVERYTHING, observed, limits[observed.name])
    columns = dict(zip(spec.features, rows.values.T, strict=True))
    ratios = [
        evaluate.ratio(sample, on_list, sample.listed(rule(columns), share), "precision_ratio_to_best_rule")
        for rule in rules.by_name(policy).values()
    ]
    best = min(ratios, key=lambda metric: metric.value)
    yield DriftFinding(best.name, EVERYTHING, best, limits[best.name])


def two_sample_auc(reference: Rows, current: Rows, seed: int = 0) -> Metric:
    """Return the AUC of a classifier of the two samples on folds of schools not seen; 0.5 where they are alike.

    A classifier two-sample test (Lopez-Paz and Oquab, 2017); the interval is over the folds' spread.
    """
    rng = np.random.default_rng(seed)
    before, now = (part.of(_sample(rng, len(part.key))) for part in (reference, current))
    values = np.concatenate([before.values, now.values])
    is_current = np.repeat([0, 1], [len(before.key), len(now.key)])
    school = np.unique(np.concatenate([before.cluster.texts(), now.cluster.texts()]), return_inverse=True)[1]
    fold = rng.permutation(school.max() + 1)[school] % FOLDS
    areas = np.array([_auc(values, is_current, fold == number) for number in range(FOLDS)])
    return Metric.from_error("two_sample_auc", areas.mean(), areas.std(ddof=1) / np.sqrt(FOLDS))


def _sample(rng: np.random.Generator, n: int) -> NDArray[np.bool_]:
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.permutation(n)[:SAMPLE]] = True
    return chosen


def _auc(values: NDArray[np.float64], is_current: NDArray[np.int64], held_out: NDArray[np.bool_]) -> float:
    seen = values[~held_out]
    present = (~np.isnan(seen)).any(axis=0)  # boosting cannot bin a column without values
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=0)
    model.fit(seen[:, present], is_current[~held_out])
    return float(roc_auc_score(is_current[held_out], model.decision_function(values[held_out][:, present])))


def advice(findings: list[DriftFinding], new_labels: bool) -> DriftAdvice:
    """Advise on training again, with the reasons."""
    exceeded = list(filter(attrgetter("is_exceeded"), findings))
    reasons = [str(finding) for finding in exceeded if finding.limit.retrains] + [NEW_LABELS] * new_labels
    if reasons:
        return DriftAdvice(DriftAction.TRAIN, tuple(reasons))
    if exceeded:
        return DriftAdvice(DriftAction.LOOK, tuple(map(str, exceeded)))
    return DriftAdvice(DriftAction.KEEP, ("nothing is beyond its limit",))
