"""The capacity that models are judged at is the warehouse's, by the rule that lists are cut by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Country, examples
from warehouse.errors import QhawaqError
from warehouse.pipeline import learning

TODAY = date(2025, 12, 5)


def warehouse(rows: Iterable[tuple[str, str | None, int, int | None, float | None]]) -> duckdb.DuckDBPyConnection:
    """Return a warehouse with capacities: date, UGEL, pupils, children, share."""
    db = duckdb.connect()
    db.execute(
        "create schema intermediate; create table intermediate.int_places__ugel_capacities (as_of_date date, "
        "ugel_code varchar, n_pupils bigint, capacity_children integer, capacity_share double)"
    )
    for row in rows:
        db.execute("insert into intermediate.int_places__ugel_capacities values (?, ?, ?, ?, ?)", row)
    return db


@pytest.mark.parametrize(
    ("rows", "share"),
    [
        ([("2025-11-30", "a", 900, None, 0.05), ("2025-11-30", "b", 100, None, 0.05)], 0.05),
        ([("2025-11-30", "a", 900, None, 0.05), ("2025-11-30", "b", 100, 55, 0.05)], 0.1),  # b states its own
        ([("2025-11-30", "a", 200, 30, None)], 0.15),  # children only
        ([("2025-12-05", "a", 100, None, 0.2), ("2025-11-30", "a", 100, None, 0.1)], 0.2),  # today itself
        ([("2025-12-06", "a", 100, None, 0.2), ("2025-11-30", "a", 100, None, 0.1)], 0.1),  # not tomorrow
    ],
)
def test_the_share_is_what_all_ugels_can_visit_on_the_newest_date(rows: list, share: float) -> None:
    assert learning.capacity_share(warehouse(rows), TODAY) == share


def test_without_a_capacity_it_is_told_what_to_do() -> None:
    with pytest.raises(QhawaqError, match="give ugel_capacity"):
        learning.capacity_share(warehouse([]), TODAY)


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.integers(1, 1000).map(lambda n: n / 1000))
def test_one_share_for_all_is_that_share_whatever_the_ugels(pupils: list[int], share: float) -> None:
    rows = [("2025-11-30", str(at), n, None, share) for at, n in enumerate(pupils)]
    assert learning.capacity_share(warehouse(rows), TODAY) == share


def test_lists_are_as_long_as_the_capacities_say(country: Country) -> None:
    rows = country.ask(
        "select s.n_high, ceil(c.capacity_share * s.n) from (select as_of_date, ugel_code, count(*) as n, "
        "count(*) filter (where tier = 'alto') as n_high from scores.risk_scores "
        "join features.child_features using (child_key, as_of_date) "
        "group by as_of_date, outcome, model_version, ugel_code) as s "
        "join intermediate.int_places__ugel_capacities as c on c.as_of_date = s.as_of_date "
        "and c.ugel_code is not distinct from s.ugel_code"
    )
    assert len(rows) > 10
    assert [row for row in rows if row[0] != row[1]] == []
