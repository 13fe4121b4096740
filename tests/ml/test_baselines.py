"""Chance and whole schools: what a model has to be shown beside."""

from __future__ import annotations

import numpy as np
import pytest

from ml import baselines
from ml.dataset import Rows


def rows(school: list[str], label: list[float]) -> Rows:
    n = len(school)
    return Rows(np.arange(10**9, 10**9 + n), np.full(n, "2023-04-30"), np.full(n, "u"), np.array(school),
                np.array(label), np.zeros((n, 1)))  # fmt: skip


def test_schools_are_ranked_by_their_past_and_small_ones_drawn_to_the_usual() -> None:
    before = rows(["bad"] * 200 + ["good"] * 200 + ["tiny"], [1.0] * 40 + [0.0] * 360 + [1.0])
    usual = 41 / 401
    rank = baselines.by_school(before)(rows(["bad", "good", "tiny", "new"], [np.nan] * 4))
    assert rank[0] == pytest.approx((40 + 50 * usual) / 250)
    assert rank[1] == pytest.approx(50 * usual / 250)
    assert rank[2] == pytest.approx((1 + 50 * usual) / 51)
    assert rank[3] == pytest.approx(usual)
    assert rank[0] > rank[2] > rank[3] > rank[1]


def test_whose_outcome_cannot_be_said_does_not_count() -> None:
    before = rows(["a"] * 4, [1.0, np.nan, np.nan, 0.0])
    assert baselines.by_school(before)(rows(["a"], [0.0])) == pytest.approx(0.5)


def test_chance_is_the_same_every_time_and_spread_evenly() -> None:
    judged = rows(["a"] * 4000, [0.0] * 4000)
    first = baselines.by_chance(judged)(judged)
    assert (first == baselines.by_chance(judged)(judged)).all()
    assert len(np.unique(first)) == 4000
    assert np.quantile(first, 0.25) == pytest.approx(2**30, rel=0.05)
