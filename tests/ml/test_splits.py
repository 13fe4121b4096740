"""Training sees only labels known by then; the test year decides nothing."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from ml import dataset, splits


def labels(known: dict[int, date], outcome: str = "interruption") -> pa.Table:
    return pa.table({
        "child_key": list(range(len(known))), "as_of_date": [date(year, 4, 30) for year in known],
        "outcome": [outcome] * len(known), "label": [True] * len(known), "label_status": ["final"] * len(known),
        "label_known_at": list(known.values()),
    })  # fmt: skip


KNOWN = {year: date(year + 1, 12, 5) for year in range(2018, 2025)}


def test_years_that_train_validate_and_test() -> None:
    found = splits.origins(labels(KNOWN), "interruption", date(2025, 12, 5))
    assert found == splits.Origins((2022, 2023), 2024, (2018, 2019, 2022, 2023, 2024))


def test_a_label_that_comes_tomorrow_does_not_exist() -> None:
    assert splits.origins(labels(KNOWN), "interruption", date(2025, 12, 4)).test == 2023


@pytest.mark.parametrize(
    ("known", "counts"), [(date(2023, 4, 29), True), (date(2023, 4, 30), True), (date(2023, 5, 1), False)]
)
def test_a_judged_year_is_predicted_from_what_was_known_at_its_first_date(known: date, counts: bool) -> None:
    assert (2019 in splits.known_before(labels(KNOWN | {2019: known}), "interruption", 2023)) is counts


def test_the_pandemic_is_a_regime_of_its_own() -> None:
    assert dataset.matured_years(labels(KNOWN), "interruption", date(2025, 12, 5), splits.PANDEMIC) == [
        2018,
        2019,
        2022,
        2023,
        2024,
    ]


def test_too_few_years_train_nothing() -> None:
    few = {year: KNOWN[year] for year in (2018, 2019)}
    assert splits.origins(labels(few), "interruption", date(2025, 12, 5)) is None


def test_another_outcome_is_another_matter() -> None:
    assert splits.origins(labels(KNOWN, "repetition"), "interruption", date(2025, 12, 5)) is None
