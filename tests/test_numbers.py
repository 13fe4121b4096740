"""Numbers are written in one way by Python and by the models."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import numbers
from warehouse.settings import DBT_PROJECT


def percent_sql() -> str:
    macro = (DBT_PROJECT / "macros" / "tiles.sql").read_text(encoding="utf-8")
    found = re.search(r"macro percent_text\(share\) -%}(.*?){%- endmacro", macro, re.S)
    assert found
    return found.group(1).replace("{{ share }}", "s")


@pytest.mark.parametrize(
    ("share", "digits", "said"),
    [
        (0.0115, 1, "1.2%"),
        (0.0114, 1, "1.1%"),
        (0.6085, 1, "60.9%"),
        (0.0, 1, "0.0%"),
        (1.0, 1, "100.0%"),
        (-0.0115, 1, "-1.2%"),
        (0.125, 0, "13%"),
        (0.9999, 1, "100.0%"),
    ],
)
def test_halves_go_up(share: float, digits: int, said: str) -> None:
    assert numbers.percent(share, digits) == said


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_models_write_percents_as_pages_do(shares: list[int]) -> None:
    told = [share / 10_000 for share in shares]
    written = duckdb.execute(f"select {percent_sql()} from (select unnest(?) as s)", [told]).fetchall()
    assert [text for (text,) in written] == [numbers.percent(share) for share in told]
