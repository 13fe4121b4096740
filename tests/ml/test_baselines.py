"""Chance, whole schools and last year's list: what a model has to be shown beside."""

from __future__ import annotations

import numpy as np
import pytest

from ml.data import dataset
from ml.judging import baselines
from tests.ml.rows import rows


def test_schools_are_ranked_by_their_past_and_small_ones_drawn_to_the_usual() -> None:
    before = rows([1.0] * 40 + [0.0] * 360 + [1.0], cluster=["bad"] * 200 + ["good"] * 200 + ["tiny"])
    usual = 41 / 401
    rank = baselines.by_school(before)(rows([np.nan] * 4, cluster=["bad", "good", "tiny", "new"]))
    assert rank[0] == pytest.approx((40 + 50 * usual) / 250)
    assert rank[1] == pytest.approx(50 * usual / 250)
    assert rank[2] == pytest.approx((1 + 50 * usual) / 51)
    assert rank[3] == pytest.approx(usual)
    assert rank[0] > rank[2] > rank[3] > rank[1]


def test_whose_outcome_cannot_be_said_does_not_count() -> None:
    before = rows([1.0, np.nan, np.nan, 0.0], cluster="a")
    assert baselines.by_school(before)(rows([0.0], cluster="a")) == pytest.approx(0.5)


def test_chance_is_the_same_every_time_and_spread_evenly() -> None:
    judged = rows([0.0] * 4000, key=np.arange(10**9, 10**9 + 4000))
    first = baselines.by_chance(judged)(judged)
    assert (first == baselines.by_chance(judged)(judged)).all()
    assert len(np.unique(first)) == 4000
    assert np.quantile(first, 0.25) == pytest.approx(2**30, rel=0.05)


def test_last_years_list_goes_by_the_last_date_and_puts_the_new_last() -> None:
    april, october = (rows([0.0] * 3, key=[1, 2, 3], day=f"2022-{day}") for day in ("04-30", "10-31"))
    earlier = dataset.joined([april, october])
    ranking = baselines.by_last_year(earlier, np.array([9.0, 1.0, 1.0, 1.0, 5.0, 2.0]))
    assert ranking(rows([0.0] * 4, key=[2, 3, 1, 4])).tolist() == [5.0, 2.0, 1.0, baselines.NOBODY]


def test_without_a_year_before_nobody_is_listed_again() -> None:
    nothing = rows([0.0]).of(np.array([False]))
    assert baselines.by_last_year(nothing, np.empty(0))(rows([0.0, 1.0])).tolist() == [baselines.NOBODY] * 2
