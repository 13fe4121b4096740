"""School careers: as many pupils are behind as is known of Peru, from the first year on, and for the stated reasons."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.country.conftest import Lived
from warehouse.country import lives, records
from warehouse.country.lives import Year

YEARS = range(2018, 2026)
RURAL, URBAN = 0.24, 0.074  # of pupils of secondary, two years behind or more


def behind(lived: Lived, year: Year) -> NDArray[np.int64]:
    return lived.people.age_at_march(year.year)[year.child] - (year.grade + 2)


@pytest.mark.parametrize("year", YEARS)
def test_as_many_are_behind_in_secondary_as_is_known_of_peru(lived: Lived, year: int) -> None:
    """In the first year as in the last: a country that is not in balance teaches a model what does not hold later."""
    found = lived.years[year]
    secondary, late = found.grade >= lives.FIRST_SECONDARY, behind(lived, found) >= 2
    rural = lived.people.household_rural[lived.people.household[found.child]]
    assert late[secondary & rural].mean() == pytest.approx(RURAL, abs=0.025)
    assert late[secondary & ~rural].mean() == pytest.approx(URBAN, abs=0.015)


@pytest.mark.parametrize("year", YEARS)
def test_few_are_four_years_behind(lived: Lived, year: int) -> None:
    assert (behind(lived, lived.years[year]) >= 4).mean() < 0.01


def test_the_first_grade_promotes_everybody_and_nobody_repeats_twice_in_a_row(years: dict[int, Year]) -> None:
    for year in years.values():
        spared = (year.grade == lives.FIRST_PRIMARY) | (year.situation == lives.Situation.REPEATS)
        assert (year.result[spared] == records.Result.PASSED).all()
    assert (years[2023].result == records.Result.FAILED).mean() > 0.01  # of the others some do


def test_whoever_begins_is_six_to_eight_and_whoever_comes_back_is_not_far_behind(lived: Lived) -> None:
    for year in lived.years.values():
        age = lived.people.age_at_march(year.year)[year.child]
        assert set(np.unique(age[year.situation == lives.Situation.ENTERED])) == {6, 7, 8}
        assert behind(lived, year)[year.situation == lives.Situation.RETURNS].max() == lives.FAR_BEHIND - 1
