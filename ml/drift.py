"""Drift: whether what a live model meets is still what it learned from, and whether what it announced came about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from ml.data.dataset import Rows, Spec
from ml.judging import evaluate
from ml.judging.evaluate import Metric, Sample
from ml.models import rules

FILE = Path(__file__).with_name("drift.yml")
BINS, LEAST_SHARE = 10, 1e-4  # an empty bin counts as if it held this share: the index stays finite
SAMPLE, FOLDS = 20_000, 3
EVERYTHING = "all"


@dataclass(frozen=True)
class Limit:
    """What a figure may be; beyond it, somebody has to look."""

    says: str
    limit: float = float("inf")
    at_least: float = float("-inf")
    retrains: bool = False

    def is_exceeded(self, metric: Metric) -> bool:
        """Say whether the figure is beyond, its interval with it where it has one."""
        low, high = (metric.value if end is None else end for end in (metric.low, metric.high))
        return low > self.limit or high < self.at_least


@dataclass(frozen=True)
class Finding:
    """One figure of drift: of everything, or of a feature."""

    name: str
    of: str
    metric: Metric
    limit: Limit

    @property
    def is_exceeded(self) -> bool:
        """Whether it is beyond its limit."""
        return self.limit.is_exceeded(self.metric)

    def __str__(self) -> str:
        """Say it."""
        of = "" if self.of == EVERYTHING else f" of {self.of}"
        return f"{self.name}{of} {self.metric.value:.2f}"


def limits(path: Path = FILE) -> dict[str, Limit]:
    """Read the limits."""
    return {name: Limit(**given) for name, given in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def of_inputs(reference: Rows, current: Rows, spec: Spec) -> Iterator[Finding]:
    """Yield the stability of each feature, and how well the two are told apart.

    Args:
        reference: children on the same date of the year before (attendance in April is not that in October).
        current: children on the newest date that has such a reference.
        spec: the features.
    """
    bounds = limits()
    for i, name in enumerate(spec.features):
        metric = Metric("feature_psi", stability_index(reference.values[:, i], current.values[:, i]))
        yield Finding("feature_psi", name, metric, bounds["feature_psi"])
    yield Finding("two_sample_auc", EVERYTHING, two_sample_auc(reference, current), bounds["two_sample_auc"])


def of_scores(reference: NDArray[np.float64], current: NDArray[np.float64]) -> Finding:
    """Return the stability of a model's log-odds between two dates."""
    return Finding(
        "score_psi", EVERYTHING, Metric("score_psi", stability_index(reference, current)), limits()["score_psi"]
    )


def of_outcomes(rows: Rows, log_odds: NDArray[np.float64], spec: Spec, share: float) -> Iterator[Finding]:
    """Yield what became of what was announced, once labels have matured.

    Args:
        rows: children with the scores that were stored for them, and their final labels.
        log_odds: those scores.
        spec: the features.
        share: capacity as a share of each group's pupils.
    """
    bounds, sample = limits(), Sample(rows)
    on_list = sample.listed(log_odds, share)
    observed = evaluate.calibration(sample, log_odds, on_list)[0]
    yield Finding(observed.name, EVERYTHING, observed, bounds[observed.name])
    columns = dict(zip(spec.features, rows.values.T, strict=True))
    ratios = [evaluate.ratio(sample, on_list, sample.listed(rule(columns), share), "precision_ratio_to_best_rule")
              for rule in rules.RULES.values()]  # fmt: skip
    best = min(ratios, key=lambda metric: metric.value)
    yield Finding(best.name, EVERYTHING, best, bounds[best.name])


def stability_index(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Return the population stability index over tenths of the reference; missing values are a bin of their own.

    0 for the same distribution; 0.25 is customarily called a shift (Siddiqi, 2006).
    """
    known = reference[~np.isnan(reference)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
    before, now = (np.maximum(_shares(values, edges), LEAST_SHARE) for values in (reference, current))
    return float(((now - before) * np.log(now / before)).sum())


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(bins, minlength=len(edges) + 2) / max(len(values), 1)


def two_sample_auc(reference: Rows, current: Rows, seed: int = 0) -> Metric:
    """Return how well a classifier tells the two apart on folds of schools it has not seen; 0.5 for not at all.

    A classifier two-sample test (Lopez-Paz and Oquab, 2017); the interval is over the folds' spread.
    """
    rng = np.random.default_rng(seed)
    before, now = (part.of(_some(rng, len(part.key))) for part in (reference, current))
    values = np.concatenate([before.values, now.values])
    is_current = np.repeat([0, 1], [len(before.key), len(now.key)])
    school = np.unique(np.concatenate([before.cluster.texts(), now.cluster.texts()]), return_inverse=True)[1]
    fold = rng.permutation(school.max() + 1)[school] % FOLDS
    found = np.array([_auc(values, is_current, fold == number) for number in range(FOLDS)])
    spread = 1.96 * found.std(ddof=1) / np.sqrt(FOLDS)
    return Metric("two_sample_auc", float(found.mean()), float(found.mean() - spread), float(found.mean() + spread))


def _some(rng: np.random.Generator, n: int) -> NDArray[np.bool_]:
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.permutation(n)[:SAMPLE]] = True
    return chosen


def _auc(values: NDArray[np.float64], is_current: NDArray[np.int64], apart: NDArray[np.bool_]) -> float:
    seen = values[~apart]
    there = (~np.isnan(seen)).any(axis=0)  # boosting cannot bin what is not there
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=0)
    model.fit(seen[:, there], is_current[~apart])
    return float(roc_auc_score(is_current[apart], model.decision_function(values[apart][:, there])))


def advice(findings: list[Finding], new_labels: bool) -> str:
    """Say whether to train again, and why."""
    beyond = [one for one in findings if one.is_exceeded]
    if reasons := _reasons(beyond, new_labels):
        return f"train again: {'; '.join(reasons)}"
    looks = "; ".join(map(str, beyond))
    return f"keep the model; look at {looks}" if looks else "keep the model: nothing is beyond its limit"


def _reasons(beyond: list[Finding], new_labels: bool) -> list[str]:
    """Return why to train again."""
    found = [str(one) for one in beyond if one.limit.retrains]
    return found + ["outcomes have matured that the live model has not learned from"] * new_labels
