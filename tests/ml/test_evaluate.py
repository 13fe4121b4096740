"""Figures against values worked out by hand, intervals against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from ml.data.dataset import Spec
from ml.judging import evaluate, fairness
from ml.judging.evaluate import Sample
from ml.models import candidates
from tests.ml.rows import rows

SIX = [1.0, 0.0, 1.0, 0.0, np.nan, 0.0]


def by_name(found: list[evaluate.Metric]) -> dict[str, evaluate.Metric]:
    return {metric.name: metric for metric in found}


def test_classes_by_hand() -> None:
    found = by_name(evaluate.of_classes(Sample(rows(SIX)), np.array([True, True, False, False, True, False])))
    assert [found[name].value for name in ("accuracy", "precision", "recall", "f1")] == [0.6, 0.5, 0.5, 0.5]


def test_a_list_is_judged_within_a_segment() -> None:
    where = np.array([True, True, True, False, True, False])
    found = by_name(evaluate.of_list(Sample(rows(SIX)), np.array([True, True, False, True, True, False]), where))
    assert found["precision_at_capacity"].value == 0.5
    assert found["recall_at_capacity"].value == 0.5
    assert found["selection_rate_at_capacity"].value == pytest.approx(2 / 3)
    assert by_name(evaluate.of_rows(Sample(rows(SIX)), where))["n_rows"].value == 3


def test_observed_over_expected_by_hand() -> None:
    log_odds = np.zeros(6)  # every probability is one half
    found = by_name(
        evaluate.calibration(Sample(rows(SIX)), log_odds, np.array([True, True, True, False, False, False]))
    )
    assert found["observed_over_expected"].value == pytest.approx(2 / 2.5)
    assert found["observed_over_expected_at_capacity"].value == pytest.approx(2 / 1.5)


def test_none_of_few_seen_is_no_proof_that_there_are_none() -> None:
    """Of ten children one would be expected; that none left is within chance, and the interval says how far."""
    sample = Sample(rows([0.0] * 10 + [1.0]))
    log_odds, here = np.full(11, np.log(0.1 / 0.9)), np.arange(11) < 10
    found = by_name(evaluate.calibration(sample, log_odds, np.ones(11, dtype=bool), here))["observed_over_expected"]
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.96**2 * 0.9)  # variance 10 x 0.1 x 0.9 over the square of 1 expected


def test_a_segment_of_which_nothing_is_announced_has_no_ratio() -> None:
    nobody = np.zeros(6, dtype=bool)
    found = evaluate.calibration(Sample(rows(SIX)), np.zeros(6), nobody)[0]
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("schools_differ", [0.0, 0.4])
def test_true_probabilities_are_within_the_interval_of_small_segments(schools_differ: float) -> None:
    """Thirty children of five schools, three rows each, of whom about four leave: whole schools drawn anew miss 1 of 10."""
    held = below = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        child = np.repeat(np.arange(900), 3)
        school = child // 6
        segment = school // 5
        log_odds = rng.normal(-2, 0.4, 900)[child]
        shift = schools_differ * rng.normal(size=150)[school]
        label = (rng.random(900)[child] < 1 / (1 + np.exp(-log_odds - shift))).astype(float)
        days = ["2022-04-30", "2022-07-31", "2022-10-31"] * 900
        sample = Sample(rows(label.tolist(), day=days, key=child.tolist(), cluster=school.astype(str).tolist()))
        for which in range(30):
            found = evaluate.calibration(sample, log_odds, np.ones(2700, dtype=bool), segment == which)[0]
            held += found.low <= 1 <= found.high
            below += found.high < 1
    assert 0.93 <= held / 600 <= 0.99
    assert below / 600 <= 0.04


def test_the_slope_and_its_interval_hold_the_truth() -> None:
    """Children of a school share a chance of their own: the interval must know that."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        school = np.repeat(np.arange(80), 50)
        log_odds = rng.normal(-1.5, 1, len(school))
        label = rng.random(len(school)) < 1 / (1 + np.exp(-log_odds / 0.8 - 0.3 * rng.normal(size=80)[school]))
        found = evaluate.slope(Sample(rows(label.astype(float), cluster=school.astype(str).tolist())), log_odds)
        held += found.low <= 1.2 <= found.high  # 1.25, drawn a little to 0 by the schools' own chances
    assert held >= 34


def test_calibration_error_by_hand() -> None:
    label = np.array([0.0] * 10 + [1.0] * 10)
    assert evaluate.calibration_error(label, label) == 0.0
    assert evaluate.calibration_error(label, np.full(20, 0.5)) == pytest.approx(0.5)


def test_a_list_compared_with_itself_differs_by_nothing() -> None:
    sample = Sample(rows([1.0, 0.0] * 50, cluster=[str(i) for i in range(100)]))
    on_list = np.arange(100) < 30
    same = evaluate.ratio(sample, on_list, on_list, "r")
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)
    assert evaluate.difference(sample, on_list, on_list, "d").value == 0.0


def test_who_is_listed_again_counts_only_within_a_year_and_while_there() -> None:
    days = ["2022-10-31", "2023-04-30", "2023-07-31", "2023-04-30", "2023-07-31", "2023-04-30"]
    sample = Sample(rows([0.0] * 6, day=days, key=[1, 1, 1, 2, 2, 3], cluster=list("abcdef")))
    on_list = np.array([True, True, True, True, False, True])
    assert evaluate.kept(sample, on_list).value == 0.5  # child 1 of 1 and 2; child 3 left


def groups_of(n: int) -> Sample:
    """Women: n cases of whom half are listed; men: n cases, all listed; nobody else is listed."""
    label = [1.0] * (2 * n) + [0.0] * 60
    sex = ["mujer"] * n + ["varón"] * n + ["mujer", "varón"] * 30
    return Sample(rows(label, cluster=[str(i) for i in range(len(label))], segments={"sex": sex}))


def test_fairness_by_hand() -> None:
    sample = groups_of(20)
    on_list = np.array([True] * 10 + [False] * 10 + [True] * 20 + [False] * 60)
    found = {(group, metric.name): metric.value for group, metric in fairness.table(sample, on_list)}
    assert found["sex=mujer", "recall_at_capacity"] == 0.5
    assert found["sex=varón", "recall_at_capacity"] == 1.0
    assert found["sex=mujer", "selection_rate_at_capacity"] == pytest.approx(10 / 50)
    assert found["sex=mujer", "precision_at_capacity"] == 1.0
    gap = fairness.recall_gap(sample, on_list)
    assert gap.value == 0.5
    assert 0.2 < gap.low < 0.5 < gap.high < 0.8


@pytest.mark.parametrize(("n", "shown"), [(19, False), (20, True)])
def test_of_a_group_with_few_cases_only_their_number_is_said(n: int, shown: bool) -> None:
    sample = groups_of(n)
    names = {metric.name for group, metric in fairness.table(sample, sample.cases == 1) if group == "sex=mujer"}
    assert ("recall_at_capacity" in names) is shown
    assert "n_cases" in names


def test_two_traits_at_a_time_and_none_that_is_unknown() -> None:
    segments = {"sex": ["mujer", "varón", "unknown"] * 40, "area": (["rural"] * 60 + ["urban"] * 60)}
    found = Sample(rows([1.0] * 120, segments=segments, cluster=[str(i) for i in range(120)]))
    names = {name for name, _ in fairness.groups(found)}
    assert names == {"sex=mujer", "sex=varón", "sex=mujer&area=rural", "sex=mujer&area=urban", "sex=varón&area=rural",
                     "sex=varón&area=urban"}  # fmt: skip


def test_a_year_of_which_nothing_is_left_is_ranked_as_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    label, school = (values[:, 0] > 0.5).astype(float), [f"s{i % 9}" for i in range(400)]
    fitted = candidates.fit("logistic", Spec(("a",), (0,)), rows(label, values, cluster=school))
    assert fitted.log_odds(rows([0.0]).of(np.array([False]))).shape == (0,)
