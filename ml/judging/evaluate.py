"""Figures of a ranking: precision and recall at each UGEL's capacity, calibration of its probabilities.

Intervals are 95 % ones from a bootstrap of whole schools, the same draws for everything that is compared. Calibration,
which small segments have too, has intervals of its own; its functions name them.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.data.dataset import Rows
from ml.judging.metric import Metric, Z
from ml.models.calibrate import logistic

REPLICATES = 500
SHARES = {"1pct": 0.01, "5pct": 0.05, "10pct": 0.10}  # beside the capacity
BINS = 20  # of the expected calibration error
NOTHING = 1e-12  # stands below a fraction for 0
Mask = NDArray[np.bool_]


class Sample:
    """Rows with the parts that every figure needs, computed once: lists, schools and bootstrap weights."""

    def __init__(self, rows: Rows, seed: int = 0) -> None:
        self.rows = rows
        self.seed = seed
        self.known = ~np.isnan(rows.label)
        self.cases = np.nan_to_num(rows.label)
        self.list = np.unique(rows.group.codes * len(rows.date.names) + rows.date.codes, return_inverse=True)[1]

    @cached_property
    def cluster(self) -> NDArray[np.int64]:
        """Number of each row's school among those that occur."""
        return np.unique(self.rows.cluster.codes, return_inverse=True)[1]

    @cached_property
    def child_year(self) -> NDArray[np.int64]:
        """Number of each row's child and year among those that occur."""
        return np.unique(np.column_stack([self.rows.key, self.rows.year]), axis=0, return_inverse=True)[1].ravel()

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """How often each school is drawn; shape (REPLICATES, schools)."""
        n = int(self.cluster.max()) + 1
        return np.random.default_rng(self.seed).multinomial(n, np.full(n, 1 / n), REPLICATES).astype(float)

    def sums(self, amount: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the sum of an amount in each replicate."""
        return self.weights @ np.bincount(self.cluster, weights=amount, minlength=self.weights.shape[1])

    def share(self, name: str, above: NDArray[np.float64], below: NDArray[np.float64]) -> Metric:
        """Return a sum over another, with its interval; 0 where there is nothing to divide by."""
        replicates = self.sums(above) / np.maximum(self.sums(below), NOTHING)
        return Metric.from_replicates(name, above.sum() / max(below.sum(), NOTHING), replicates)

    def precision(self, on_list: Mask) -> float:
        """Return the share of cases among the listed with a known outcome; 0 where there are none."""
        known = on_list & self.known
        return float(self.cases[known].mean()) if known.any() else 0.0

    def precisions(self, on_list: Mask) -> NDArray[np.float64]:
        """Return that share in each replicate."""
        return self.sums(self.cases * on_list) / np.maximum(self.sums((on_list & self.known) * 1.0), NOTHING)

    def listed(self, ranking: NDArray[np.float64], share: float) -> Mask:
        """Return the mask of the lists of each UGEL and date: the first `share` of its pupils; ties by key."""
        return self.rank(ranking) < np.ceil(share * np.bincount(self.list)[self.list] - 1e-9)

    def rank(self, ranking: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return each row's place among those of its UGEL and date, from 0; ties by key."""
        order = np.lexsort((self.rows.key, -ranking, self.list))
        start = np.concatenate([[0], np.cumsum(np.bincount(self.list))[:-1]])
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order)) - start[self.list[order]]
        return rank


def of_list(sample: Sample, on_list: Mask, where: Mask | None = None, at: str = "capacity") -> list[Metric]:
    """Return precision, recall and lift of a list, of the rows where a mask is true."""
    known = sample.known if where is None else sample.known & where
    mine = (on_list & known).astype(float)
    cases = sample.cases * known
    precision = sample.share(f"precision_at_{at}", cases * on_list, mine)
    base = cases.sum() / max(known.sum(), 1)
    return [
        precision,
        sample.share(f"recall_at_{at}", cases * on_list, cases),
        Metric(f"lift_at_{at}", precision.value / base if base else 0.0),
        Metric(f"selection_rate_at_{at}", float(mine.sum() / max(known.sum(), 1))),
    ]


def of_rows(sample: Sample, where: Mask | None = None) -> list[Metric]:
    """Return the number of rows with a known outcome, and the rate of cases among them."""
    known = sample.known if where is None else sample.known & where
    cases = (sample.cases * known).sum()
    return [
        Metric("n_rows", float(known.sum())),
        Metric("n_cases", float(cases)),
        Metric("base_rate", float(cases / max(known.sum(), 1))),
    ]


def ratio(sample: Sample, mine: Mask, theirs: Mask, name: str) -> Metric:
    """Return the precision of a list over that of another, with the interval of the ratio."""
    replicates = sample.precisions(mine) / np.maximum(sample.precisions(theirs), NOTHING)
    return Metric.from_replicates(name, sample.precision(mine) / max(sample.precision(theirs), NOTHING), replicates)


def difference(sample: Sample, mine: Mask, theirs: Mask, name: str) -> Metric:
    """Return the precision of a list less that of another, with the interval of the difference."""
    replicates = sample.precisions(mine) - sample.precisions(theirs)
    return Metric.from_replicates(name, sample.precision(mine) - sample.precision(theirs), replicates)


def slope(sample: Sample, log_odds: NDArray[np.float64], where: Mask | None = None) -> Metric:
    """Return the slope of a logistic regression of the outcome on the log-odds: 1 if they spread as they should.

    Its interval is from the sandwich that lets rows of one school depend on each other (Liang and Zeger, 1986).
    """
    known = sample.known if where is None else sample.known & where
    x = log_odds[known]
    label = sample.cases[known]
    cluster = sample.cluster[known]
    coefficients = logistic(x, label, np.zeros(2), np.array([1.0, 0.0]))
    design = np.column_stack([x, np.ones(len(x))])
    chance = expit(design @ coefficients)
    bread = np.linalg.inv((design * (chance * (1 - chance))[:, None]).T @ design + 1e-9 * np.eye(2))
    scores = np.column_stack([np.bincount(cluster, weights=part) for part in (design * (label - chance)[:, None]).T])
    error = float(np.sqrt((bread @ scores.T @ scores @ bread)[0, 0]))
    return Metric.from_error("calibration_slope", coefficients[0], error)


def of_probability(sample: Sample, log_odds: NDArray[np.float64], on_list: Mask) -> list[Metric]:
    """Return areas under the curves, Brier score, expected calibration error, and the slope."""
    label = sample.cases[sample.known]
    known_log_odds = log_odds[sample.known]
    probability = expit(known_log_odds)
    return [
        Metric("roc_auc", float(roc_auc_score(label, known_log_odds))),
        Metric("pr_auc", float(average_precision_score(label, known_log_odds))),
        Metric("brier", float(brier_score_loss(label, probability))),
        Metric("expected_calibration_error", calibration_error(label, probability)),
        *calibration(sample, log_odds, on_list),
        slope(sample, log_odds),
    ]


def calibration(
    sample: Sample, log_odds: NDArray[np.float64], on_list: Mask, where: Mask | None = None
) -> list[Metric]:
    """Return observed over expected, among the listed and among all, of the rows where a mask is true."""
    chance = expit(log_odds)
    segment = np.ones(len(log_odds), dtype=bool) if where is None else where
    return [
        _observed_over_expected("observed_over_expected_at_capacity", sample, chance, sample.known & on_list, segment),
        _observed_over_expected("observed_over_expected", sample, chance, sample.known, segment),
    ]


def _observed_over_expected(
    name: str, sample: Sample, chance: NDArray[np.float64], judged: Mask, where: Mask
) -> Metric:
    """Return observed over predicted cases among the judged rows of a segment, with a score interval (Wilson, 1927).

    It holds each ratio that the cases do not contradict, given how far as many would stray: a child's rows of a year
    stand and fall together, and schools stray further than chance as much as they do over all judged rows. Drawing
    schools anew is no interval where a segment has a handful of them: with no case in any it would be [0, 0].
    """
    here = judged & where
    observed = float(sample.cases[here].sum())
    expected = float(chance[here].sum())
    if not expected:
        return Metric(name, 0.0, 0.0, 0.0)
    noise = Z**2 * _beyond_chance(sample, chance, judged) * _variance(sample, chance, here)
    middle = 2 * observed * expected + noise
    product = observed * expected
    root = np.sqrt(middle**2 - 4 * product**2)
    low, high = ((middle + end) / (2 * expected**2) for end in (-root, root))
    return Metric(name, observed / expected, float(low), float(high))


def _variance(sample: Sample, chance: NDArray[np.float64], here: Mask) -> float:
    """Return the variance of how many cases chance brings among rows, those of a child in a year all or none."""
    spread = np.sqrt(chance * (1 - chance)) * here
    return float((np.bincount(sample.child_year, weights=spread) ** 2).sum())


def _beyond_chance(sample: Sample, chance: NDArray[np.float64], judged: Mask) -> float:
    """Return the overdispersion of schools' cases around the predicted ones; at least 1."""
    observed, expected = (np.bincount(sample.cluster, weights=of * judged) for of in (sample.cases, chance))
    overall = observed.sum() / max(expected.sum(), NOTHING)
    strayed = ((observed - overall * expected) ** 2).sum()
    return max(1.0, float(strayed / max(overall * _variance(sample, chance, judged), NOTHING)))


def kept(sample: Sample, on_list: Mask) -> Metric:
    """Return the share of the listed that the school year's next list keeps, among pupils still at school."""
    rows = sample.rows
    order = np.lexsort((rows.date.codes, rows.key))
    years = rows.year[order]
    follows = (np.diff(rows.key[order]) == 0) & (years[1:] == years[:-1])
    first = on_list[order][:-1] & follows
    again = on_list[order][1:]
    at = order[:-1]
    listed_again = np.zeros(len(order))
    listed_first = np.zeros(len(order))
    listed_first[at] = first
    listed_again[at] = first & again
    return sample.share("list_kept", listed_again, listed_first)


def calibration_error(label: NDArray[np.float64], probability: NDArray[np.float64]) -> float:
    """Return the mean gap of rate and probability over bins of equal size, weighted by size."""
    parts = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = [len(part) * abs(label[part].mean() - probability[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(label))


def of_classes(sample: Sample, on_list: Mask) -> list[Metric]:
    """Return accuracy, precision, recall and F1 with the listed as predicted cases."""
    label = sample.cases[sample.known] == 1
    predicted = on_list[sample.known]
    hits = float((label & predicted).sum())
    return [
        Metric("accuracy", float((label == predicted).mean())),
        Metric("precision", hits / max(predicted.sum(), 1)),
        Metric("recall", hits / max(label.sum(), 1)),
        Metric("f1", 2 * hits / max(predicted.sum() + label.sum(), 1)),
    ]
