"""The simplest candidate within one standard error of the most precise is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from ml import select
from ml.backtest import Judged
from tests.ml.rows import rows


def judged(lost: int) -> Judged:
    """Cases are the first 100 of 1,000; the flexible finds all of them, the simple one misses some."""
    label = np.array([1.0] * 100 + [0.0] * 900)
    perfect = np.arange(1000, 0, -1.0)
    simple = perfect.copy()
    simple[:lost] = -1  # these come last
    return Judged("validation", rows(label, cluster=[f"s{i % 50}" for i in range(1000)]), {"a": simple, "b": perfect})


@pytest.mark.parametrize(("lost", "chosen"), [(0, "a"), (1, "a"), (20, "b")])
def test_what_falls_short_by_less_than_an_error_is_chosen(lost: int, chosen: str) -> None:
    found = select.one_standard_error(judged(lost), ["a", "b"], 0.1)
    assert found.chosen == chosen
    assert found.shortfalls["a"][0] == pytest.approx(lost / 100)
    assert found.shortfalls["b"] == (0.0, 0.0)
    assert (found.shortfalls["a"][0] <= found.shortfalls["a"][1]) is (chosen == "a")
    assert str(found).startswith(f"{chosen} is the simplest within one standard error")


def test_of_equals_the_simplest_is_chosen_and_the_most_flexible_never_for_its_order() -> None:
    assert select.one_standard_error(judged(0), ["b", "a"], 0.1).chosen == "b"
