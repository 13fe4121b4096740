"""Categories are names: whatever their codes, scores are the same, and one unseen has a sensible score."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from ml.data.dataset import Spec
from ml.models import candidates
from ml.models.encoding import PRIOR_ROWS, CategoryRates
from tests.ml.rows import rows

N = 900
CODES = 9
SPEC = Spec(("amount", "trade"), (1, 0), {"trade": tuple("abcdefghi")})

QUICK = {"additive": {"max_iter": 10}, "boosting": {"max_iter": 10}, "forest": {"n_estimators": 30, "max_samples": 0.5}}


def table(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and features; a category's risk is no matter of its code, and few rows have no category."""
    rng = np.random.default_rng(3)
    amount, trade = rng.normal(size=N), rng.integers(0, CODES - 1, N)
    risk = expit(amount - 1.2 + np.array([2, -2, 1.5, -1, 0, 2.5, -2, 1])[trade])
    coded = order[trade].astype(float)
    coded[rng.random(N) < 0.03] = np.nan
    return (rng.random(N) < risk).astype(float), np.column_stack([amount, coded])


def scores(algorithm: str, order: np.ndarray) -> np.ndarray:
    label, values = table(order)
    every = rows(label, values, cluster=[f"s{i % 60:02}" for i in range(N)])
    fitted = candidates.fit(algorithm, SPEC, every, candidates.recipes()[algorithm] | QUICK.get(algorithm, {}))
    asked = np.column_stack([np.zeros(CODES), order[np.arange(CODES)]])
    return fitted.log_odds(rows(np.zeros(CODES), asked))


@pytest.mark.parametrize("algorithm", candidates.CANDIDATES)
def test_codes_mean_nothing_and_the_unseen_lies_between(algorithm: str) -> None:
    as_named = scores(algorithm, np.arange(CODES))
    permuted = scores(algorithm, np.random.default_rng(1).permutation(CODES))
    np.testing.assert_allclose(as_named, permuted, atol=1e-9)  # threads add a forest up in any order
    *seen, unseen = as_named  # no row of training has the last category
    assert np.ptp(seen) > 0.5
    assert np.quantile(seen, 0.2) <= unseen <= np.quantile(seen, 0.8)


def test_a_rare_category_is_pulled_to_all() -> None:
    label = np.array([1.0] * 500 + [0.0] * 500 + [1.0])
    codes = np.array([0.0] * 1000 + [1.0])
    encoded = CategoryRates([0]).fit(codes[:, None], label)
    common, rare, unseen, missing = encoded.transform(np.array([[0.0], [1.0], [2.0], [np.nan]]))[:, 0]
    usual = 502 / 1003
    assert expit(unseen) == pytest.approx(usual)
    assert expit(common) == pytest.approx(usual + (500 - 1000 * usual) / (1000 + PRIOR_ROWS))
    assert expit(rare) == pytest.approx(usual + (1 - usual) / (1 + PRIOR_ROWS))
    assert np.isnan(missing)
