"""Training sees only labels known by then; the test year decides nothing; another regime trains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from ml.data import dataset, splits
from ml.data.dataset import Rows
from tests.ml.rows import POLICY, rows

PANDEMIC = POLICY.pandemic_years
KNOWN = {year: f"{year + 1}-12-05" for year in range(2018, 2025)}


def of_years(known: dict[int, str]) -> Rows:
    return dataset.joined([rows([1.0, 0.0], day=f"{year}-04-30", known_at=day) for year, day in known.items()])


def test_years_that_train_decide_and_test() -> None:
    found = splits.origins(of_years(KNOWN), PANDEMIC)
    assert found == splits.Origins((2022, 2023), 2024, (2018, 2019, 2022, 2023, 2024), (2020, 2021))


@pytest.mark.parametrize(
    ("known", "counts"), [("2023-04-29", True), ("2023-04-30", True), ("2023-05-01", False)]
)  # fmt: skip
def test_a_judged_year_is_ranked_from_what_was_known_at_its_first_date(known: str, counts: bool) -> None:
    found = of_years(KNOWN | {2019: known})
    seen = splits.before(found, 2023, PANDEMIC)
    assert (2019 in found.year[seen]) is counts
    assert set(found.year[seen]) <= {2018, 2019}


def test_a_single_row_known_later_than_its_year_trains_nothing_before_that() -> None:
    late = rows([1.0], day="2018-04-30", known_at="2022-05-01", key=[99])
    found = dataset.joined([of_years(KNOWN), late])
    assert 99 not in found.key[splits.before(found, 2022, PANDEMIC)]
    assert 99 in found.key[splits.before(found, 2023, PANDEMIC)]


def test_a_label_that_cannot_be_said_trains_nothing_and_matures_nothing() -> None:
    censored = rows([np.nan], day="2016-04-30", key=[99])
    found = dataset.joined([of_years(KNOWN), censored])
    assert 2016 not in splits.mature_years(found, "2025-12-05", PANDEMIC)
    assert 99 not in found.key[splits.before(found, 2022, PANDEMIC)]


def test_the_pandemic_is_a_regime_of_its_own() -> None:
    found = of_years(KNOWN)
    assert splits.mature_years(found, "2025-12-05", PANDEMIC) == [2018, 2019, 2022, 2023, 2024]
    assert splits.mature_years(found, "2025-12-04", PANDEMIC) == [2018, 2019, 2022, 2023]
    assert set(found.year[splits.before(found, 2024, PANDEMIC)]) == {2018, 2019, 2022}


def test_too_few_years_train_nothing() -> None:
    assert splits.origins(of_years({year: KNOWN[year] for year in (2018, 2019)}), PANDEMIC) is None
    assert splits.origins(of_years(KNOWN).of(np.zeros(14, dtype=bool)), PANDEMIC) is None
