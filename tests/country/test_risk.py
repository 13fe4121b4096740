"""The answer key's risk is the share of children who leave, to 1%."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.country import risk
from warehouse.country.lives import Fate, Year

SHORTFALLS = np.linspace(-9, 9, 20_001)  # standard deviations of what the coming months bring


@pytest.mark.parametrize("months_left", [0, 2, 5, 8])
@pytest.mark.parametrize("log_odds", [-9.0, -6.0, -4.0, -2.0, 0.0])
def test_the_expected_chance_is_the_integral_over_the_coming_months(log_odds: float, months_left: int) -> None:
    level, drift = 0.8, -0.2
    kept = risk.PERSISTENCE**months_left
    error = risk.SHOCK * np.sqrt((1 - kept**2) / (1 - risk.PERSISTENCE**2))
    end = kept * level + (1 - kept) * drift + error * SHORTFALLS
    weights = np.exp(-(SHORTFALLS**2) / 2)
    exact = (weights * risk.sigmoid(log_odds + risk.DISENGAGEMENT_EFFECT * end)).sum() / weights.sum()
    found = risk.expected(*(np.array([value]) for value in (log_odds, level, drift)), months_left)
    assert found == pytest.approx(exact, rel=0.01)


def test_the_expected_chance_is_what_becomes_of_many_paths() -> None:
    rng = np.random.default_rng(5)
    n, months_left = 400_000, 8
    start, drift = np.full(n, 0.3), np.full(n, 0.1)
    end = risk.path(rng, start, drift)[:, months_left - 1]
    became = risk.sigmoid(-4.5 + risk.DISENGAGEMENT_EFFECT * end).mean()
    found = risk.expected(np.array([-4.5]), start[:1], drift[:1], months_left)
    assert found == pytest.approx(became, rel=0.01)


def test_as_many_leave_as_the_key_says(years: dict[int, Year]) -> None:
    """Over all years of 40,000 children, some 4,000 of whom leave: within three standard errors."""
    april, left_months = 1, risk.MONTHS - 2
    expected = sum(
        risk.expected(year.log_odds, year.months[:, april], year.drift, left_months).sum() for year in years.values()
    )
    left = sum((year.fate == Fate.LEAVES).sum() for year in years.values())
    assert left == pytest.approx(expected, abs=3 * np.sqrt(left))
