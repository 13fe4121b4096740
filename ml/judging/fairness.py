"""Who is found and who is missed, group by group: at the operating point, with intervals, and silent where few are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ml.data.dataset import UNKNOWN
from ml.judging import evaluate
from ml.judging.backtest import SMALLEST
from ml.judging.evaluate import Mask, Metric, Sample

CROSSED = "area"  # a trait is crossed with it too
PROTECTED = ("sex", "language", "disability", "nationality")


def groups(sample: Sample, kinds: Sequence[str] = PROTECTED) -> Iterator[tuple[str, Mask]]:
    """Yield each group by one trait, and by two at a time, as in «sex=mujer&area=rural»."""
    for kind in kinds:
        yield from _of_kind(sample, kind)
    for one, other in itertools.combinations((*kinds, CROSSED), 2):
        for (first, a), (second, b) in itertools.product(_of_kind(sample, one), _of_kind(sample, other)):
            yield f"{first}&{second}", a & b


def _of_kind(sample: Sample, kind: str) -> list[tuple[str, Mask]]:
    """Return the groups by one trait, none where the rows do not have it; who is unknown is no group."""
    part = sample.rows.segments.get(kind)
    return [(f"{kind}={text}", mask) for text, mask in part.values() if text != UNKNOWN] if part else []


def table(sample: Sample, on_list: Mask) -> list[tuple[str, Metric]]:
    """Return selection rate, precision and recall of every group; of one with few cases only how few they are."""
    found: list[tuple[str, Metric]] = []
    for name, mask in groups(sample):
        figures = evaluate.of_rows(sample, mask)
        if sample.cases[mask].sum() >= SMALLEST:
            figures += evaluate.of_list(sample, on_list, mask)
        found += [(name, metric) for metric in figures]
    return found


def recall_gap(sample: Sample, on_list: Mask, kinds: Sequence[str] = PROTECTED) -> Metric:
    """Return the largest gap in recall between two groups of one protected trait, with its interval.

    Groups with few cases are left out: their recall is chance.
    """
    worst = Metric("recall_gap", 0.0, 0.0, 0.0)
    for kind in kinds:
        known = [mask for _, mask in _of_kind(sample, kind) if sample.cases[mask].sum() >= SMALLEST]
        for one, other in itertools.combinations(known, 2):
            worst = max(worst, _gap(sample, on_list, one, other), key=lambda metric: metric.value)
    return worst


def _gap(sample: Sample, on_list: Mask, one: Mask, other: Mask) -> Metric:
    """Return recall of the better found group less that of the other."""
    first, second = (evaluate.of_list(sample, on_list, mask)[1].value for mask in (one, other))
    higher, lower = (one, other) if first >= second else (other, one)
    replicates = [sample.sums(sample.cases * on_list * mask) / np.maximum(sample.sums(sample.cases * mask), 1e-12)
                  for mask in (higher, lower)]  # fmt: skip
    low, high = np.quantile(replicates[0] - replicates[1], [0.025, 0.975])
    return Metric("recall_gap", abs(first - second), float(low), float(high))
