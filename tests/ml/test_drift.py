"""A shift is seen where there is one and not where there is none; limits hold at their edges."""

from __future__ import annotations

import numpy as np
import pytest

from ml import drift
from ml.data import stability
from ml.data.dataset import Rows, Spec
from ml.drift import DriftAction
from ml.judging.metric import Metric
from tests.ml.rows import POLICY, rows

SPEC = Spec(("attendance_share", "n_failed_areas", "over_age_years", "grade"), (0, 0, 0, 0))


def test_the_index_by_hand() -> None:
    reference = np.array([1.0] * 50 + [2.0] * 50)
    current = np.array([1.0] * 80 + [2.0] * 20)
    assert stability.index(reference, current) == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5))
    assert stability.index(reference, reference) == 0.0


def test_what_goes_missing_is_a_shift_and_nothing_at_all_is_none() -> None:
    reference = np.arange(100.0)
    gone = np.where(np.arange(100) % 2 == 0, np.nan, reference)
    assert stability.index(reference, gone) > 1
    assert stability.index(np.full(9, np.nan), np.full(9, np.nan)) == 0.0


def children(n: int, shift: float, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 4)) + np.array([shift, 0, 0, 0])
    return rows(np.full(n, np.nan), values, cluster=rng.choice([f"s{i}" for i in range(40)], n))


def test_two_samples_are_told_apart_only_where_they_differ() -> None:
    same = drift.two_sample_auc(children(3000, 0, 1), children(3000, 0, 2))
    assert same.value == pytest.approx(0.5, abs=0.04)
    other = drift.two_sample_auc(children(3000, 0, 1), children(3000, 1.5, 2))
    assert other.low > 0.75
    found = {(one.name, one.of): one for one in drift.of_inputs(children(3000, 0, 1), children(3000, 1.5, 2), SPEC)}
    assert found["feature_psi", "attendance_share"].is_exceeded
    assert not found["feature_psi", "grade"].is_exceeded
    assert found["two_sample_auc", "all"].is_exceeded


@pytest.mark.parametrize(
    ("low", "high", "exceeded"), [(0.5, 0.79, True), (0.5, 0.8, False), (1.25, 1.5, False), (1.2501, 1.5, True)]
)
def test_a_limit_is_exceeded_with_the_whole_interval(low: float, high: float, exceeded: bool) -> None:
    limit = drift.read_limits()["observed_over_expected_at_capacity"]
    assert limit.is_exceeded(Metric("x", (low + high) / 2, low, high)) is exceeded


def test_a_model_that_announces_twice_too_much_is_to_be_trained_again() -> None:
    rng = np.random.default_rng(3)
    log_odds = rng.normal(-2, 1, 20_000)
    label = (rng.random(20_000) < 0.5 / (1 + np.exp(-log_odds))).astype(float)
    values = rng.normal(size=(20_000, 4))
    school = rng.choice([f"s{i}" for i in range(100)], 20_000)
    found = list(drift.of_outcomes(rows(label, values, cluster=school), log_odds, SPEC, POLICY, 0.05))
    by = {one.name: one for one in found}
    assert by["observed_over_expected_at_capacity"].metric.value == pytest.approx(0.5, abs=0.07)
    assert by["observed_over_expected_at_capacity"].is_exceeded
    assert not by["precision_ratio_to_best_rule"].is_exceeded  # noise as rules: the model is far better
    assert str(drift.advice(found, new_labels=False)).startswith("train again: observed_over_expected_at_capacity 0.")


def test_what_is_advised() -> None:
    limit = drift.read_limits()
    quiet = drift.DriftFinding("score_psi", "all", Metric("score_psi", 0.25), limit["score_psi"])
    loud = drift.DriftFinding("feature_psi", "grade", Metric("feature_psi", 0.26), limit["feature_psi"])
    assert str(drift.advice([quiet], new_labels=False)) == "keep the model: nothing is beyond its limit"
    assert drift.advice([quiet, loud], new_labels=False).action is DriftAction.LOOK
    assert str(drift.advice([quiet, loud], new_labels=False)) == "keep the model; look at feature_psi of grade 0.26"
    assert drift.advice([quiet], new_labels=True).action is DriftAction.TRAIN
    assert str(drift.advice([quiet], new_labels=True)).startswith("train again: outcomes have matured")
