"""Fairness: precision and recall of the list by group, with intervals; a group with few cases has only their number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import UNKNOWN
from ml.judging import evaluate
from ml.judging.backtest import SMALLEST
from ml.judging.evaluate import Mask, Sample
from ml.judging.metric import Metric

CROSSED = "area"  # a trait is crossed with it too
PROTECTED = ("sex", "language", "disability", "nationality")


def groups(sample: Sample, kinds: Sequence[str] = PROTECTED) -> Iterator[tuple[str, Mask]]:
    """Yield each group by one trait, and by two at a time, as in «sex=mujer&area=rural»."""
    for kind in kinds:
        yield from _of_kind(sample, kind)
    for first, second in itertools.combinations((*kinds, CROSSED), 2):
        for (name, mask), (other, other_mask) in itertools.product(_of_kind(sample, first), _of_kind(sample, second)):
            yield f"{name}&{other}", mask & other_mask


def _of_kind(sample: Sample, kind: str) -> list[tuple[str, Mask]]:
    """Return the groups by one trait, none where the rows do not have it; «unknown» is no group."""
    part = sample.rows.segments.get(kind)
    return [(f"{kind}={text}", mask) for text, mask in part.values() if text != UNKNOWN] if part else []


def table(sample: Sample, on_list: Mask) -> list[tuple[str, Metric]]:
    """Return selection rate, precision and recall of every group; of one with few cases only how few they are."""
    table: list[tuple[str, Metric]] = []
    for name, mask in groups(sample):
        figures = evaluate.of_rows(sample, mask)
        if sample.cases[mask].sum() >= SMALLEST:
            figures += evaluate.of_list(sample, on_list, mask)
        table += [(name, metric) for metric in figures]
    return table


def recall_gap(sample: Sample, on_list: Mask, kinds: Sequence[str] = PROTECTED) -> Metric:
    """Return the largest gap in recall between two groups of one protected trait, with its interval.

    Groups with few cases are left out: their recall is chance.
    """
    worst = Metric("recall_gap", 0.0, 0.0, 0.0)
    for kind in kinds:
        known = [mask for _, mask in _of_kind(sample, kind) if sample.cases[mask].sum() >= SMALLEST]
        for first, second in itertools.combinations(known, 2):
            worst = max(worst, _gap(sample, on_list, first, second), key=lambda metric: metric.value)
    return worst


def _gap(sample: Sample, on_list: Mask, first: Mask, second: Mask) -> Metric:
    """Return the higher recall of two groups less the lower one."""
    recalls = [evaluate.of_list(sample, on_list, mask)[1].value for mask in (first, second)]
    replicates = _recalls(sample, on_list, first) - _recalls(sample, on_list, second)
    gap = recalls[0] - recalls[1]
    return Metric.from_replicates("recall_gap", abs(gap), replicates if gap >= 0 else -replicates)


def _recalls(sample: Sample, on_list: Mask, group: Mask) -> NDArray[np.float64]:
    """Return a group's recall in each bootstrap replicate."""
    listed, cases = (sample.sums(sample.cases * mask) for mask in (on_list & group, group))
    return listed / np.maximum(cases, evaluate.NOTHING)
