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
    assert (behind(lived, lived.years[year]) >= 4).mean() < 0.015


FAILED = (records.Result.FAILED, records.Result.FAILED_AFTER)
ALL_PROMOTED = (2020, 2021)


def counted(year: Year) -> NDArray[np.int64]:
    """Return failed areas of the whole year by the sentence of the norm, not by the simulator's own function."""
    return ((year.marks[:, 1] == 0).mean(axis=2) > 0.5).sum(axis=1)


def test_the_first_grade_promotes_everybody(years: dict[int, Year]) -> None:
    for year in years.values():
        assert not np.isin(year.result[year.grade == lives.FIRST_PRIMARY], FAILED).any()
    assert (counted(years[2023])[years[2023].grade == lives.FIRST_PRIMARY] >= records.AREAS_TO_REPEAT).any()


def test_promotion_is_guided_while_schools_are_closed(years: dict[int, Year]) -> None:
    for number in ALL_PROMOTED:
        year = years[number]
        assert set(np.unique(year.result)) == {records.Result.PASSED, records.Result.GUIDED}
        guided = year.result == records.Result.GUIDED
        assert (guided == ((counted(year) > 0) & (year.grade > lives.FIRST_PRIMARY))).all()
        assert (years[number + 1].situation != lives.Situation.REPEATS).all()
    assert not any(
        (years[number].result == records.Result.GUIDED).any() for number in YEARS if number not in ALL_PROMOTED
    )


@pytest.mark.parametrize("year", [year for year in YEARS if year not in ALL_PROMOTED])
def test_four_failed_areas_repeat_and_fewer_go_to_recovery(years: dict[int, Year], year: int) -> None:
    """Whoever repeats too: the norm knows nobody who was spared because of last year."""
    found = years[year]
    of_norm, areas = found.grade > lives.FIRST_PRIMARY, counted(found)
    assert (found.result[of_norm & (areas >= 4)] == records.Result.FAILED).all()
    assert (found.result[of_norm & (areas == 0)] == records.Result.PASSED).all()
    recovery = found.result[of_norm & (areas > 0) & (areas < 4)]
    assert set(np.unique(recovery)) == {records.Result.RECOVERED, records.Result.FAILED_AFTER}
    assert (recovery == records.Result.RECOVERED).mean() == pytest.approx(0.8, abs=0.04)


def test_the_same_marks_mean_the_same_in_each_year(years: dict[int, Year]) -> None:
    """Of those with four failed areas in the first half about as many repeat, and as many of all."""
    usual = [year for number, year in years.items() if number not in ALL_PROMOTED]
    of_marks, of_all = [], []
    for year in usual:
        weak = (records.failed_areas(year.marks)[:, 0] >= 4) & (year.grade > lives.FIRST_PRIMARY)
        of_marks.append(np.isin(year.result[weak], FAILED).mean())
        of_all.append(np.isin(year.result, FAILED).mean())
    assert max(of_marks) - min(of_marks) < 0.1
    assert max(of_all) / min(of_all) < 1.25


def test_whoever_begins_is_six_to_eight_and_whoever_comes_back_is_not_far_behind(lived: Lived) -> None:
    for year in lived.years.values():
        age = lived.people.age_at_march(year.year)[year.child]
        assert set(np.unique(age[year.situation == lives.Situation.ENTERED])) == {6, 7, 8}
        assert behind(lived, year)[year.situation == lives.Situation.RETURNS].max() == lives.FAR_BEHIND - 1
