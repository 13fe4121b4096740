"""A past list beside what was known, done and happened."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from warehouse.audit.replay import replay
from warehouse.errors import QhawaqError


def test_a_list_is_shown_with_what_came_of_it(country: Country, tmp_path: Path) -> None:
    home = country.to_build(tmp_path / "home")
    day = date(2024, 4, 30)
    with duckdb.connect(str(home.warehouse)) as db:
        # who would have been listed: one helped, one not helped who left, one whose outcome cannot be said
        helped, left = (
            db.execute(
                "select o.child_key from outcomes.child_outcomes as o join features.child_features as f using (child_key, as_of_date) "
                f"where o.as_of_date = ? and outcome = 'interruption' and label is {label} and {with_support} exists (select 1 from "
                "intermediate.int_supports__received as s where s.child_key = o.child_key and support_date > o.as_of_date "
                "and year(support_date) = 2024) and ugel_code is not null order by 1 limit 1", [day],
            ).fetchone()[0]
            for label, with_support in (("false", ""), ("true", "not"))
        )  # fmt: skip
        for child in (helped, left):
            db.execute("insert into ml.lists values (?, ?, 'interruption', 'rule:abc', 'r1')", [child, day])
            db.execute("insert into ml.lists values (?, ?, 'interruption', 'rule:abc', 'r2')", [child, day])
    found = {row[2]: row for row in replay(home, day, "interruption").children}
    assert found.keys() == {helped, left}
    assert found[helped][6] != ""
    assert found[helped][7] == "no ocurrió"
    assert (found[left][6], found[left][7]) == ("", "ocurrió")
    said = qhawaq(home.root, "replay", "2024-04-30").stdout
    assert "2 listed" in said
    assert str(left) not in said
    assert "this is no comparison" in said
    assert str(left) in qhawaq(home.root, "replay", "2024-04-30", "--ugel", found[left][0]).stdout


def test_where_no_list_was_published_it_says_which_there_are(country: Country) -> None:
    with pytest.raises(QhawaqError, match="no list of 2019-04-30 was published; there are those of 2025-11-30"):
        replay(country.home, date(2019, 4, 30), "interruption")
    with pytest.raises(QhawaqError, match="for 999999"):
        replay(country.home, date(2025, 11, 30), "interruption", "999999")
