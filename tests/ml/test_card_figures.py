"""What files beside a model tell: rounded as everything else that leaves the warehouse, and of no few children."""

from __future__ import annotations

import pytest

from ml.judging.backtest import Figure
from ml.judging.card import published
from ml.judging.metric import Metric
from ml.train import as_csv


def figures(segment: str, cases: float, recall: float) -> list[Figure]:
    metrics = [Metric("n_rows", 402), Metric("n_cases", cases), Metric("base_rate", cases / 402),
               Metric("recall_at_capacity", recall, recall - 0.123_456, recall + 0.123_456)]  # fmt: skip
    return [Figure("additive", "test_2024", segment, metric) for metric in metrics]


def test_counts_of_everybody_are_rounded_to_five_and_rates_to_four_digits() -> None:
    shown = {figure.metric.name: figure.metric for figure in published(figures("all", 38, 1 / 3))}
    assert (shown["n_rows"].value, shown["n_cases"].value) == (400, 40)
    assert shown["recall_at_capacity"] == Metric("recall_at_capacity", 0.3333, 0.2099, 0.4568)
    assert shown["base_rate"].value == 0.0945


@pytest.mark.parametrize(
    ("cases", "recall", "is_shown"), [(40, 0.25, True), (40, 0.2, False), (40, 0.8, False), (40, 0.75, True)]
)
def test_a_group_has_rates_of_two_digits_where_ten_are_on_both_sides(
    cases: float, recall: float, is_shown: bool
) -> None:
    shown = published(figures("area=rural", cases, recall))
    assert [figure.metric.name for figure in shown] == ["recall_at_capacity"] * is_shown
    assert all(figure.metric.low == round(recall - 0.123_456, 2) for figure in shown)


def test_the_file_says_no_more() -> None:
    lines = as_csv(published([*figures("all", 38, 1 / 3), *figures("area=rural", 12, 0.5)])).splitlines()
    assert lines[1:] == [
        "test_2024,additive,all,n_rows,400,,", "test_2024,additive,all,n_cases,40,,",
        "test_2024,additive,all,base_rate,0.0945,,", "test_2024,additive,all,recall_at_capacity,0.3333,0.2099,0.4568",
    ]  # fmt: skip
