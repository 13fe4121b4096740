"""Gates hold at their edges and not beyond; a refusal says which, and by how much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml import gates, splits, train
from ml.dataset import Rows
from ml.evaluate import Metric, calibration_slope


@pytest.mark.parametrize(("low", "holds"), [(0.99, False), (1.0, False), (1.0001, True), (None, False)])
def test_an_interval_must_lie_above_the_bound(low: float | None, holds: bool) -> None:
    assert gates.Bounds("", low_above=1.0).holds(Metric("ratio", 1.5, low, 2.0)) is holds


@pytest.mark.parametrize(("value", "holds"), [(0.8999, False), (0.9, True), (1.1, True), (1.1001, False)])
def test_a_value_may_stand_on_its_bounds(value: float, holds: bool) -> None:
    assert gates.Bounds("", at_least=0.9, at_most=1.1).holds(Metric("x", value)) is holds


def test_a_refusal_names_the_gate_and_the_figure() -> None:
    figures = {
        "precision_ratio_to_best_rule": Metric("precision_ratio_to_best_rule", 1.09, 0.97, 1.2),
        "observed_over_expected_at_capacity": Metric("observed_over_expected_at_capacity", 1.05),
    }
    verdict = gates.judge(figures, gates.read())
    assert not verdict.passed
    assert str(verdict) == (
        "refused: precision_ratio_to_best_rule 1.09 [0.97, 1.20] (the interval must lie above 1); "
        "held: observed_over_expected_at_capacity 1.05"
    )
    good = figures | {"precision_ratio_to_best_rule": Metric("precision_ratio_to_best_rule", 1.2, 1.01, 1.4)}
    assert str(gates.judge(good, gates.read())).startswith("passed: precision_ratio_to_best_rule 1.20 [1.01, 1.40]")


def test_a_gate_without_its_figure_or_with_a_misspelled_bound_is_no_gate(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        gates.judge({}, gates.read())
    (tmp_path / "gates.yml").write_text("x: {says: y, at_leest: 1}")
    with pytest.raises(TypeError):
        gates.read(tmp_path / "gates.yml")


def rows(year: int, label: list[float]) -> Rows:
    n = len(label)
    return Rows(np.arange(n), np.full(n, f"{year}-04-30"), np.full(n, "u"), np.arange(n).astype(str),
                np.array(label), np.zeros((n, 1)))  # fmt: skip


def test_the_best_rule_is_the_one_to_beat_and_the_test_year_decides_nothing() -> None:
    """In the deciding years over-age finds every child and the model none; in the test year it is the other way."""
    label = [1.0] * 10 + [0.0] * 90
    good, bad = np.arange(100, 0, -1.0), np.arange(100.0)

    def ranked(model: np.ndarray, over_age: np.ndarray) -> train.Ranked:
        return {"rule:abc": bad, "rule:over_age": over_age, "additive": model / 50 - 3, "logistic": model / 50 - 3}

    judged = {2022: (rows(2022, label), ranked(bad, good)), 2023: (rows(2023, label), ranked(bad, good)),
              2024: (rows(2024, label), ranked(good, bad))}  # fmt: skip
    found, verdict = train._figures(judged, splits.Origins((2022, 2023), 2024, ()), 0.1)
    by = {(who, where, metric.name): metric for who, where, metric in found}
    assert by["rule:over_age", "validation", "precision_at_capacity"].value == 1.0
    assert by["additive", "test_2024", "precision_at_capacity"].value == 1.0
    assert by["additive", "validation", "precision_ratio_to_best_rule"].value == 0.0
    assert by["additive", "validation", "n_rows"].value == 200
    assert not verdict.passed


def test_the_slope_is_one_where_log_odds_are_the_truth() -> None:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-2, 1, 200_000)
    label = (rng.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))).astype(float)
    assert calibration_slope(label, log_odds) == pytest.approx(1.0, abs=0.02)
    assert calibration_slope(label, log_odds / 2) == pytest.approx(2.0, abs=0.04)
