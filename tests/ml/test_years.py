"""What happens to be missing in a year is no sign of that year's level, and years share one level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ml.data import apart, availability, dataset
from ml.data.dataset import Rows, Spec
from ml.judging.evaluate import Sample
from ml.models import calibrate, candidates, levels
from ml.models.variants import Variant
from tests.ml.rows import POLICY, rows

SPEC = Spec(("risk", "past"), (1, 1))


def year(number: int, level: float, has_past: bool, n: int = 20_000, month: int = 4, slope: float = 1.0) -> Rows:
    """Return a year of children of one feature that matters, and one that is there or not; the feature is noise."""
    rng = np.random.default_rng(number * 100 + month)
    risk = rng.normal(size=n)
    past = rng.normal(size=n) if has_past else np.full(n, np.nan)
    label = (rng.random(n) < expit(level + slope * risk)).astype(float)
    school = rng.choice([f"s{i}" for i in range(60)], n)
    return rows(label, np.column_stack([risk, past]), day=f"{number}-{month:02d}-30", cluster=school)


def observed_over_expected(fitted: candidates.Fitted, judged: Rows) -> float:
    return float(judged.label.sum() / expit(fitted.log_odds(judged)).sum())


def test_a_feature_that_only_a_bad_year_has_announces_no_bad_year() -> None:
    """2018 knows no past; 2019 does and had twice the cases. A later year with a past is no second 2019."""
    known = dataset.joined([year(2018, -4.0, has_past=False), year(2019, -3.3, has_past=True)])
    later = year(2024, -3.65, has_past=True)
    fitted = Variant("additive", "additive", SPEC.features).fit(SPEC, known)
    assert fitted.columns == (0,)
    assert observed_over_expected(fitted, later) == pytest.approx(1.0, abs=0.1)
    kept = candidates.fit("additive", SPEC, known)  # with the feature: the weights alone see to it
    assert observed_over_expected(kept, later) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("share", "is_kept"), [(0.74, True), (0.75, True), (0.76, False)])
def test_availability_is_measured_by_year_to_its_limit(share: float, is_kept: bool) -> None:
    first, second = year(2018, -3, has_past=True, n=100), year(2019, -3, has_past=True, n=100)
    second.values[: round(100 * share), 1] = np.nan
    found = dataset.joined([first, second])
    assert availability.gaps(found, SPEC) == pytest.approx({"risk": 0.0, "past": share})
    assert ("past" in availability.steady(found, SPEC).features) is is_kept


def test_without_rows_nothing_is_left_out() -> None:
    assert availability.steady(year(2018, -3, has_past=True, n=0), SPEC) == SPEC


def test_a_feature_that_the_ranked_year_lacks_is_left_out_of_what_ranks_it() -> None:
    """Missing means «new at school» where a past is known; in a year without a past it is missing for everybody."""
    known, later = year(2019, -3, has_past=True), year(2022, -3, has_past=False)
    known.values[:2000, 1] = np.nan
    known.label[:2000] = 0
    lost = availability.lost(known, later, SPEC)
    assert lost == {"past"}
    variant = Variant("additive", "additive", SPEC.features)
    assert observed_over_expected(variant.fit(SPEC, known, lost), later) == pytest.approx(1.1, abs=0.15)
    assert observed_over_expected(variant.fit(SPEC, known), later) > 3
    assert availability.lost(known, known, SPEC) == availability.lost(known, year(2022, -3, True, n=0), SPEC) == set()


def test_what_training_years_tell_apart_is_not_lost_twice() -> None:
    known = dataset.joined([year(2018, -3, has_past=False, n=100), year(2019, -3, has_past=True, n=1000)])
    assert availability.lost(known, year(2022, -3, has_past=False, n=100), SPEC) == set()


def test_the_first_year_has_no_past() -> None:
    found = dataset.joined([year(2018, -3, False, n=100), year(2019, -3, True, n=100), year(2022, -3, True, n=100)])
    assert availability.bare_years(found, stated=()) == (2018,)
    assert availability.bare_years(found, stated=(2018,)) == ()
    assert availability.bare_years(year(2018, -3, False, n=100), stated=()) == ()
    other_date = dataset.joined([year(2018, -3, False, n=100), year(2019, -3, True, n=100, month=10)])
    assert availability.bare_years(other_date, stated=()) == ()  # October is not compared with April


@pytest.mark.parametrize(("needs_past", "expected"), [(True, (2018, 2020, 2021)), (False, (2020, 2021))])
def test_a_year_without_a_past_trains_nothing_where_one_is_needed(needs_past: bool, expected: tuple[int, ...]) -> None:
    found = dataset.joined([year(2018, -3, False, n=100), year(2019, -3, True, n=100)])
    assert apart.of(found, replace(POLICY, needs_past=needs_past)).pandemic_years == expected


def test_weighted_years_share_the_mean_rate_and_keep_their_size() -> None:
    label = np.array([1.0] * 10 + [0.0] * 90 + [1.0] * 60 + [0.0] * 140)
    of = np.repeat([2018, 2019], [100, 200])
    weight = levels.weights(of, label)
    for number, size in ((2018, 100), (2019, 200)):
        assert weight[of == number].sum() == pytest.approx(size)
        assert np.average(label[of == number], weights=weight[of == number]) == pytest.approx(0.2)


def test_a_year_without_cases_keeps_its_weights() -> None:
    label, of = np.array([0.0, 0.0, 1.0, 0.0]), np.repeat([2018, 2019], 2)
    assert levels.weights(of, label).tolist() == [1.0] * 4
    assert levels.weights(of, np.zeros(4)).tolist() == [1.0] * 4


def test_each_part_of_the_year_has_a_calibration_of_its_own() -> None:
    """In October the same number means more than in April; with one line for both, lists would be wrong in both."""

    def both(number: int) -> list[Rows]:
        return [year(number, -3, False, month=4, slope=0.6), year(number, -3, False, month=10, slope=1.4)]

    known, later = dataset.joined([*both(2018), *both(2019)]), both(2024)
    fitted = candidates.fit("additive", SPEC, known)
    for of_date in later:
        sample, log_odds = Sample(of_date), fitted.log_odds(of_date)
        on_list = sample.listed(log_odds, 0.05)
        announced = expit(log_odds[on_list]).sum()
        assert sample.cases[on_list].sum() / announced == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(("month", "period"), [(3, "04"), (5, "04"), (6, "07"), (8, "07"), (9, "10"), (12, "10")])
def test_a_date_goes_with_the_nearest_one_that_trains(month: int, period: str) -> None:
    assert calibrate.segment_name(np.array(["F0"]), np.array(["rural"]), np.array([month])).tolist() == [
        f"F0·rural·{period}"
    ]


def test_a_model_of_former_code_is_read_as_it_was() -> None:
    former = calibrate.Calibration(1.0, 0.0, {"F0·rural": calibrate.Line(2.0, 0.5)})
    slope, shift = former.of_rows(np.array(["F0·rural·07", "B0·urban·07"]))
    assert slope.tolist() == [2.0, 1.0]
    assert shift.tolist() == [0.5, 0.0]
