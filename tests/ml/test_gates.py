"""Gates hold at their edges and not beyond; a refusal says which, of whom, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from ml import train
from ml.judging import gates
from ml.judging.backtest import Judged
from ml.judging.gates import GateResult, GateStatus
from ml.judging.metric import Metric
from tests.ml.rows import rows

ALL = gates.EVERYBODY


def judge(figures: gates.Figures, bounds: Mapping[str, gates.GateBounds]) -> GateResult:
    """Judge figures as training does."""
    return GateResult.from_checks(gates.checks(figures, bounds))


@pytest.mark.parametrize(("low", "holds"), [(0.99, False), (1.0, False), (1.0001, True), (None, False)])
def test_an_interval_must_lie_above_the_bound(low: float | None, holds: bool) -> None:
    assert gates.GateBounds("", low_above=1.0).holds(Metric("ratio", 1.5, low, 2.0)) is holds


@pytest.mark.parametrize(("value", "holds"), [(0.8999, False), (0.9, True), (1.1, True), (1.1001, False)])
def test_a_value_may_stand_on_its_bounds(value: float, holds: bool) -> None:
    assert gates.GateBounds("", at_least=0.9, at_most=1.1).holds(Metric("x", value)) is holds


@pytest.mark.parametrize(("low", "holds"), [(0.09, True), (0.1, True), (0.1001, False), (None, False)])
def test_a_gap_may_not_surely_be_larger_than_the_bound(low: float | None, holds: bool) -> None:
    assert gates.GateBounds("", low_at_most=0.1).holds(Metric("gap", 0.3, low, 0.5)) is holds


def test_a_segment_is_judged_by_its_interval_and_only_where_the_gate_says() -> None:
    name = "observed_over_expected_at_capacity"
    figures = {(ALL, name): Metric(name, 1.0, 0.9, 1.1), ("region=15", name): Metric(name, 1.5, 1.2, 1.9),
               ("region=08", name): Metric(name, 1.5, 1.1, 1.9),
               ("region=13", name): Metric(name, 0.5, 0.2, 0.8999), ("region=12", name): Metric(name, 0.5, 0.2, 0.9),
               ("sex=mujer", name): Metric(name, 9.0, 8.0, 10.0)}  # fmt: skip
    bounds = {name: gates.GateBounds("", 0.9, 1.1, in_segments=["region"])}
    broken = [check for check in gates.checks(figures, bounds) if not check.holds]
    assert [check.segment for check in broken] == ["region=15", "region=13"]
    result = judge(figures, bounds)
    assert result.broken == (name,)
    assert GateResult.from_stored(str(result)) == result
    assert str(result).startswith(
        f"refused: {name} of region=15 1.50 [1.20, 1.90] (0.9 to 1.1); {name} of region=13 0.50 "
    )
    assert str(result).endswith(f"; held: {name} 1.00 [0.90, 1.10]")


def good() -> dict[tuple[str, str], Metric]:
    figures = {"precision_ratio_to_best_rule": Metric("precision_ratio_to_best_rule", 1.2, 1.01, 1.4),
               "observed_over_expected_at_capacity": Metric("observed_over_expected_at_capacity", 1.05, 0.9, 1.2),
               "calibration_slope": Metric("calibration_slope", 1.0, 0.9, 1.1), "recall_gap": Metric("recall_gap", 0.1, 0.0, 0.2),
               "list_kept": Metric("list_kept", 0.7, 0.6, 0.8), "features_seen": Metric("features_seen", 1.0)}  # fmt: skip
    return {(ALL, name): metric for name, metric in figures.items()}


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("precision_ratio_to_best_rule", Metric("precision_ratio_to_best_rule", 1.09, 0.97, 1.2)),
        ("recall_gap", Metric("recall_gap", 0.3, 0.2, 0.4)),
        ("list_kept", Metric("list_kept", 0.39, 0.3, 0.5)),
        ("features_seen", Metric("features_seen", 0.99)),
    ],
)
@pytest.mark.parametrize("outcome", ["interruption", "repetition"])
def test_each_gate_of_the_file_refuses_alone(name: str, bad: Metric, outcome: str) -> None:
    assert judge(good(), gates.read_bounds(outcome)).status is GateStatus.PASSED
    result = judge(good() | {(ALL, name): bad}, gates.read_bounds(outcome))
    assert result.status is GateStatus.REFUSED
    assert result.broken == (name,)
    assert str(result).startswith(f"refused: {name} {bad.value:.2f}")


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("observed_over_expected_at_capacity", Metric("observed_over_expected_at_capacity", 1.2, 1.0, 1.3)),
        ("calibration_slope", Metric("calibration_slope", 1.11, 1.05, 1.17)),
        ("calibration_slope", Metric("calibration_slope", 0.89, 0.83, 0.95)),
    ],
)
@pytest.mark.parametrize("outcome", ["interruption", "repetition"])
def test_a_wrong_level_withholds_probabilities_and_the_model_ranks(name: str, bad: Metric, outcome: str) -> None:
    result = judge(good() | {(ALL, name): bad}, gates.read_bounds(outcome))
    assert result.status is GateStatus.PASSED
    assert result.may_go_live
    assert result.withheld == (ALL,)
    assert str(result).startswith(f"passed: no probabilities of all: {name} {bad.value:.2f}")
    assert GateResult.from_stored(str(result)) == result


def test_a_segment_whose_level_is_wrong_is_the_only_one_without_probabilities() -> None:
    name = "observed_over_expected_at_capacity"
    levels = {("level=F0", name): Metric(name, 0.45, 0.3, 0.6), ("level=B0", name): Metric(name, 1.0, 0.8, 1.2)}
    refused = {(ALL, "list_kept"): Metric("list_kept", 0.39, 0.3, 0.5)}
    for figures, status, broken in (
        (good() | levels, GateStatus.PASSED, ()),
        (good() | levels | refused, GateStatus.REFUSED, ("list_kept",)),
    ):
        result = judge(figures, gates.read_bounds("interruption"))
        assert (result.status, result.broken, result.withheld) == (status, broken, ("level=F0",))
        assert GateResult.from_stored(str(result)) == result


@pytest.mark.parametrize(
    ("metric", "is_said"),
    [
        (Metric("observed_over_expected_at_capacity", 0.78, 0.68, 0.89), True),
        (Metric("observed_over_expected_at_capacity", 0.80, 0.68, 0.90), False),
        (Metric("precision_ratio_to_best_rule", 0.8, 0.6, 1.0), True),
        (Metric("precision_ratio_to_best_rule", 0.9, 0.7, 1.1), False),
    ],
)
def test_a_year_that_surely_leaves_the_bounds_is_told(metric: Metric, is_said: bool) -> None:
    said = gates.belied({(ALL, metric.name): metric}, gates.read_bounds("interruption"))
    assert [check.metric for check in said] == [metric] * is_said


@pytest.mark.parametrize(
    ("text", "status", "broken", "may_go_live"),
    [
        ("a rule needs none", GateStatus.EXEMPT, (), True),
        ("passed: list_kept 0.70 [0.60, 0.80]; features_seen 1.00", GateStatus.PASSED, (), True),
        ("refused: list_kept 0.30 (0.4 to inf); held: features_seen 1.00", GateStatus.REFUSED, ("list_kept",), False),
        (
            "refused: a of level=F0 0.3 (0 to 1); a of level=B0 0.3 (0 to 1); b 2 (0 to 1)",
            GateStatus.REFUSED,
            ("a", "b"),
            False,
        ),
    ],
)
def test_a_stored_result_is_read_back(
    text: str, status: GateStatus, broken: tuple[str, ...], may_go_live: bool
) -> None:
    result = GateResult.from_stored(text)
    assert (result.status, result.broken, result.may_go_live) == (status, broken, may_go_live)
    assert str(result) == text


def test_a_text_without_a_status_is_no_result() -> None:
    with pytest.raises(ValueError, match="almost"):
        GateResult.from_stored("almost: list_kept 0.39")


def test_a_gate_without_its_figure_or_with_a_misspelled_bound_is_no_gate(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        judge({}, gates.read_bounds("interruption"))
    with pytest.raises(KeyError):
        gates.read_bounds("shoe_size")
    (tmp_path / "gates.yml").write_text("interruption: {x: {says: y, at_leest: 1}}")
    with pytest.raises(TypeError):
        gates.read_bounds("interruption", tmp_path / "gates.yml")


def test_the_best_rule_is_the_one_to_beat_and_the_test_year_decides_nothing() -> None:
    """In the deciding years over-age finds every child and the model none; in the test year it is the other way."""
    label = [1.0] * 10 + [0.0] * 90
    first, last = np.arange(100, 0, -1.0), np.arange(100.0)

    def judged(name: str, model: np.ndarray, over_age: np.ndarray) -> Judged:
        year = rows(label, day=f"{name[-4:]}-04-30", cluster=[str(i) for i in range(100)])
        ranked = {"rule:abc": last, "rule:over_age": over_age, "additive": model / 50 - 3}
        return Judged(name, year, ranked)

    years = [judged("origin_2022", last, first), judged("origin_2023", last, first), judged("test_2024", first, last)]
    found, verdict, *_ = train.judged_by_gates(
        years, 0.1, "additive", Metric("features_seen", 1.0), gates.read_bounds("interruption")
    )
    by = {(who, where, metric.name): metric for who, where, segment, metric in found if segment == ALL}
    assert by["rule:over_age", "validation", "precision_at_capacity"].value == 1.0
    assert by["additive", "test_2024", "precision_at_capacity"].value == 1.0
    assert by["additive", "validation", "precision_ratio_to_best_rule"].value == 0.0
    assert by["additive", "validation", "n_rows"].value == 200
    assert verdict.status is GateStatus.REFUSED
