"""How good a ranking is at the number of children that each UGEL can visit, with intervals by school."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.dataset import Rows

REPLICATES = 500


@dataclass(frozen=True)
class Metric:
    """One figure with its 95 % interval, where there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def listed(rows: Rows, ranking: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Say who is on the list of each UGEL and date: the first `share` of its pupils; ties by child."""
    group = np.unique(np.char.add(rows.ugel, rows.date), return_inverse=True)[1]
    order = np.lexsort((rows.child, -ranking, group))
    size = np.bincount(group)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start[group[order]]
    return rank < np.ceil(share * size[group] - 1e-9)


def school_weights(rows: Rows, seed: int = 0) -> NDArray[np.float64]:
    """Draw schools with replacement, how often each is drawn; shape (REPLICATES, schools)."""
    n = len(np.unique(rows.school))
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), REPLICATES).astype(float)


def _by_school(rows: Rows, amount: NDArray[np.float64]) -> NDArray[np.float64]:
    school = np.unique(rows.school, return_inverse=True)[1]
    return np.bincount(school, weights=amount)


def precision_replicates(rows: Rows, on_list: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the precision of a list in each replicate; children whose outcome cannot be said do not count."""
    known = ~np.isnan(rows.label)
    hits = weights @ _by_school(rows, (on_list & (rows.label == 1)).astype(float))
    return hits / np.maximum(weights @ _by_school(rows, (on_list & known).astype(float)), 1e-12)


def precision(rows: Rows, on_list: NDArray[np.bool_]) -> float:
    """Return which share of the listed had the outcome."""
    known = on_list & ~np.isnan(rows.label)
    return float(rows.label[known].mean()) if known.any() else 0.0


def of_list(rows: Rows, ranking: NDArray[np.float64], share: float) -> list[Metric]:
    """Return precision, recall and lift at capacity."""
    on_list = listed(rows, ranking, share)
    known = ~np.isnan(rows.label)
    low, high = np.quantile(precision_replicates(rows, on_list, school_weights(rows)), [0.025, 0.975])
    found = precision(rows, on_list)
    base = float(rows.label[known].mean())
    recall = float(rows.label[on_list & known].sum() / max(rows.label[known].sum(), 1))
    return [
        Metric("precision_at_capacity", found, float(low), float(high)),
        Metric("recall_at_capacity", recall),
        Metric("lift_at_capacity", found / base if base else 0.0),
        Metric("base_rate", base),
        Metric("n_rows", float(known.sum())),
    ]


def ratio(rows: Rows, ranking: NDArray[np.float64], rule: NDArray[np.float64], share: float) -> Metric:
    """Return precision at capacity over the rule's, with the interval of the ratio (schools drawn together)."""
    weights = school_weights(rows)
    mine, theirs = listed(rows, ranking, share), listed(rows, rule, share)
    replicates = precision_replicates(rows, mine, weights) / np.maximum(
        precision_replicates(rows, theirs, weights), 1e-12
    )
    low, high = np.quantile(replicates, [0.025, 0.975])
    return Metric(
        "precision_ratio_to_rule", precision(rows, mine) / max(precision(rows, theirs), 1e-12), float(low), float(high)
    )


def calibration_slope(label: NDArray[np.float64], log_odds: NDArray[np.float64]) -> float:
    """Return the slope of a logistic regression of the outcome on the log-odds: 1 if they spread as they should."""
    return float(LogisticRegression(C=np.inf).fit(log_odds[:, None], label).coef_[0, 0])


def of_probability(rows: Rows, log_odds: NDArray[np.float64], share: float) -> list[Metric]:
    """Return areas under the curves, Brier score, and observed over expected among the listed."""
    known = ~np.isnan(rows.label)
    label, probability = rows.label[known], 1 / (1 + np.exp(-log_odds[known]))
    on_list = listed(rows, log_odds, share)[known]
    return [
        Metric("roc_auc", float(roc_auc_score(label, probability))),
        Metric("pr_auc", float(average_precision_score(label, probability))),
        Metric("brier", float(brier_score_loss(label, probability))),
        Metric("observed_over_expected_at_capacity", float(label[on_list].sum() / probability[on_list].sum())),
        Metric("observed_over_expected", float(label.sum() / probability.sum())),
        Metric("calibration_slope", calibration_slope(label, log_odds[known])),
    ]
