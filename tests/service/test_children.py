"""Where a child is decides who may see it: its list first, then what is due at once, then its newest case."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from service.access import Caller
from service.children import PublishedChildren

TABLES = """
create table priority_list (ugel_code varchar, as_of_date date, rank_in_ugel integer, child_key varchar,
  service_code varchar, grade integer, section varchar, tier varchar, probability double, probability_text varchar,
  reason_text varchar, action_text varchar, days_since_listed integer, expires_on date, model_version varchar,
  release_id varchar);
create table suggested_services (child_key varchar, as_of_date date, support_code varchar, tutor_text varchar,
  need_text varchar, who_acts varchar);
create table immediate_cases (ugel_code varchar, child_key varchar, service_code varchar, need varchar, on_date date,
  reason_text varchar, action_text varchar);
create table cases (ugel_code varchar, child_key varchar, school_year integer, matter varchar, release_id varchar);
"""
OLD, NEW = "150101", "080001"
LISTED = f"insert into priority_list (ugel_code, as_of_date, child_key) values ('{NEW}', '2025-10-31', '7')"
AT_ONCE = f"insert into immediate_cases (ugel_code, child_key, service_code) values ('{NEW}', '7', '0000001-0')"
BEFORE = f"insert into cases values ('{OLD}', '7', 2024, 'interruption', 'r')"
NOW = f"insert into cases values ('{NEW}', '7', 2025, 'interruption', 'r')"


@pytest.mark.parametrize(
    "rows", [[BEFORE, NOW], [NOW, BEFORE], [BEFORE, LISTED], [BEFORE, AT_ONCE], [BEFORE, NOW, LISTED]]
)
def test_the_office_where_the_child_is_now_sees_it_and_the_former_one_does_not(tmp_path: Path, rows: list[str]) -> None:
    file = tmp_path / "current.duckdb"
    with duckdb.connect(str(file)) as db:
        db.execute(TABLES)
        for row in rows:
            db.execute(row)
    children = PublishedChildren(file)
    now, before = (
        children.child(Caller("rosa", frozenset({"education"}), frozenset({f"ugel:{ugel}"})), "7")
        for ugel in (NEW, OLD)
    )
    assert now is not None
    assert now["ugel_code"] == NEW
    assert before is None
