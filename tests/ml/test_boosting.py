"""The faster ways to bin and fit find exactly what the plain ones do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.models import binning, terms
from ml.models.boosting import BinnedBoosting
from tests.conftest import examples

GIVEN = {"interaction_cst": "no_interactions", "early_stopping": False, "random_state": 0, "max_iter": 5}


def bins(rows: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of bins' numbers with gaps and missing values, one constant, and labels that follow them."""
    draw = np.random.default_rng(seed)
    columns = [draw.integers(1, n, rows).astype(float) for n in (3, 9, 33)]
    columns[1][draw.random(rows) < 0.2] = np.nan
    columns[2][columns[2] % 5 == 0] = 1.0
    found = np.asfortranarray(np.column_stack([*columns, np.ones(rows)]))
    return found, (draw.random(rows) < 0.1 + 0.02 * found[:, 2]).astype(int)


@pytest.mark.parametrize("rows", [1_000, 200_000, 200_001, 250_000])  # scikit-learn looks at 200,000 at most
def test_a_fit_of_bins_is_scikit_learns(rows: int) -> None:
    columns, labels = bins(rows)
    mine, plain = (kind(**GIVEN).fit(columns, labels) for kind in (BinnedBoosting, HistGradientBoostingClassifier))
    assert all(
        np.array_equal(a, b)
        for a, b in zip(mine._bin_mapper.bin_thresholds_, plain._bin_mapper.bin_thresholds_, strict=True)
    )
    asked = bins(1_000, seed=4)[0]
    assert np.array_equal(mine.decision_function(asked), plain.decision_function(asked))


def test_where_it_knows_no_better_it_is_the_plain_class() -> None:
    columns, labels = bins(2_000)
    weights = np.random.default_rng(1).random(len(labels))
    for more, fit in (({"early_stopping": True}, {}), ({}, {"sample_weight": weights})):
        mine, plain = (
            kind(**GIVEN | more).fit(columns, labels, **fit)
            for kind in (BinnedBoosting, HistGradientBoostingClassifier)
        )
        assert np.array_equal(mine.decision_function(columns), plain.decision_function(columns))


VALUES = arrays.arrays(
    float, st.integers(1, 60), elements=st.one_of(st.integers(-3, 3), st.floats(-9, 9), st.just(np.nan))
)


@settings(deadline=None, max_examples=examples(50))
@given(VALUES, st.integers(2, 40))
def test_edges_are_numpys_quantiles_and_bins_lie_between_them(values: np.ndarray, n: int) -> None:
    known = values[~np.isnan(values)]
    edges = binning._edges(binning._known(values), n)
    if len(known):
        wanted = np.unique(np.quantile(known, np.linspace(0, 1, n + 1)[1:-1], method="inverted_cdf"))
        assert np.array_equal(edges, wanted[wanted < known.max()])
    said = terms.bin_of(values, edges)
    assert np.array_equal(said == 0, np.isnan(values))
    for value, one in zip(values, said, strict=True):
        if one:
            assert one == 1 or edges[one - 2] < value
            assert one == len(edges) + 1 or value <= edges[one - 1]


@pytest.mark.parametrize("count", [terms.MOST_COMPARED - 1, terms.MOST_COMPARED, terms.MOST_COMPARED + 1, 300])
def test_few_edges_and_many_sort_alike(count: int) -> None:
    edges = np.arange(count, dtype=float)
    values = np.concatenate([edges, edges + 0.5, [-1.0, count + 1.0, np.nan]])
    wanted = np.where(np.isnan(values), 0, edges.searchsorted(values, side="left") + 1)
    assert np.array_equal(terms.bin_of(values, edges), wanted)
