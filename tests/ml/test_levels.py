"""The range of what is expected holds the truth in nine of ten years that nobody has seen, over many countries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from ml.models import levels

PUPILS = 4_000
COUNTRIES = (100, pytest.param(400, marks=pytest.mark.long))  # at 400 the share is known to one or two in a hundred


def test_the_offset_of_a_year_gives_as_many_cases_as_came() -> None:
    log_odds = np.random.default_rng(0).normal(-3, 1, 2_000)
    label = np.zeros(4_000)
    label[:150] = label[2_000:2_050] = 1
    found = levels.offsets(np.tile(log_odds, 2), label, np.repeat([2018, 2019], 2_000))
    assert expit(log_odds + found[2018]).sum() == pytest.approx(150)
    assert expit(log_odds + found[2019]).sum() == pytest.approx(50)


def test_a_year_without_cases_has_no_level() -> None:
    assert levels.offsets(np.zeros(4), np.array([0.0, 0.0, 1.0, 0.0]), np.array([2018, 2018, 2019, 2019])).keys() == {
        2019
    }


def test_more_years_and_less_spread_make_a_narrower_range() -> None:
    one, two, five = (levels.range_of([0.0] * n) for n in (1, 2, 5))
    assert one > two > five > 0
    assert levels.range_of([0.3, -0.3]) > two
    assert levels.range_of([]) == one  # neither tells of a spread: the assumed one alone


@pytest.mark.parametrize("countries", COUNTRIES)
@pytest.mark.parametrize("n_years", [2, 3, 5])
@pytest.mark.parametrize("spread", [0.05, 0.12])
def test_the_range_holds_the_total_in_nine_of_ten_unseen_years(countries: int, n_years: int, spread: float) -> None:
    rng = np.random.default_rng(n_years)
    held = []
    for _ in range(countries):
        log_odds = rng.normal(-4, 1, (n_years + 1, PUPILS))
        strayed = rng.normal(0, spread, n_years + 1)
        label = (rng.random(log_odds.shape) < expit(log_odds + strayed[:, None])).astype(float)
        of = np.repeat(np.arange(n_years), PUPILS)
        known = levels.offsets(log_odds[:-1].ravel(), label[:-1].ravel(), of)
        announced = log_odds[-1] + np.mean(list(known.values()))
        low, high = levels.total_range(announced, levels.range_of(list(known.values())))
        held.append(low <= label[-1].sum() <= high)
    assert np.mean(held) >= levels.COVER
