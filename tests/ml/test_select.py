"""The simplest candidate within one standard error of the most precise is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from ml.judging import select
from ml.judging.backtest import Judged
from tests.ml.rows import rows


def judged(lost: int, by_other: int = 9) -> Judged:
    """Cases are the first 100 of 1,000; the simple one misses some of them, the flexible one some others."""
    label = np.array([1.0] * 100 + [0.0] * 900)
    simple = np.arange(1000, 0, -1.0)
    flexible = simple.copy()
    simple[:lost], flexible[90 : 90 + by_other] = -1, -1  # these come last
    return Judged("validation", rows(label, cluster=[f"s{i % 50}" for i in range(1000)]), {"a": simple, "b": flexible})


@pytest.mark.parametrize(("lost", "chosen"), [(5, "a"), (9, "a"), (10, "a"), (40, "b")])
def test_what_falls_short_by_less_than_an_error_is_chosen(lost: int, chosen: str) -> None:
    found = select.one_standard_error(judged(lost), ["a", "b"], 0.1)
    assert found.chosen == chosen
    short, error = found.shortfalls["a"]
    assert short == pytest.approx(max(0, lost - 9) / 100)
    assert (short <= error) is (chosen == "a")
    assert str(found).startswith(f"{chosen} is the simplest within one standard error")


def test_of_equals_the_simplest_is_chosen_and_the_most_flexible_never_for_its_order() -> None:
    assert select.one_standard_error(judged(9), ["b", "a"], 0.1).chosen == "b"
