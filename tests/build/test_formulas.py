"""Each closed date remembers the code that made it: what has changed since is told, its layout is not."""

from __future__ import annotations

import io
from collections.abc import Callable
from copy import copy
from typing import Any

import duckdb
import pytest

from tests import few, homes
from tests.conftest import qhawaq
from warehouse.build import closing, formulas, parsing, policy
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

MODEL, MACRO, SEED = "model.qhawaq.child_work", "macro.qhawaq.share", "seed.qhawaq.services"


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return {found.node: found.hash for found in formulas.of_project(DBT_PROJECT)}


def changed_model(old: str, new: str) -> Callable[[Any], None]:
    def change(manifest: Any) -> None:
        node = manifest.nodes[MODEL]
        assert old in node.raw_code
        node.raw_code = node.raw_code.replace(old, new)

    return change


def changed_macro(old: str, new: str) -> Callable[[Any], None]:
    def change(manifest: Any) -> None:
        macro = copy(manifest.macros[MACRO])  # macros are shared by all parts of the project
        assert old in macro.macro_sql
        macro.macro_sql = macro.macro_sql.replace(old, new)
        manifest.macros[MACRO] = macro

    return change


def changed_seed(manifest: Any) -> None:
    manifest.nodes[SEED].checksum.checksum = "other"


def without_a_column(manifest: Any) -> None:
    manifest.nodes[MODEL].columns.popitem()


def described(manifest: Any) -> None:
    manifest.nodes[MODEL].description = "Other words."


@pytest.mark.parametrize(("change", "told"), [
    (changed_model("from surveys", "from surveys -- all of them\n"), set()),
    (changed_model("from surveys", "\n\n   from\tsurveys /* all\nof them */"), set()),
    (changed_model("from surveys", "{# all of them #}from surveys"), set()),
    (changed_macro("nullif(", "nullif(  -- no division by zero\n"), set()),
    (described, set()),
    (changed_model("coalesce(n_years, 0)", "coalesce(n_years, 1)"), {"child_work"}),
    (changed_model("weekly_work_hours > 0 as", "weekly_work_hours >= 0 as"), {"child_work"}),
    (changed_macro("nullif(", "ifnull("), {"child_school", "child_household", "int_attendance__years"}),
    (changed_seed, {"services"}),
    (without_a_column, {"child_work"}),
])  # fmt: skip
def test_a_change_of_what_is_computed_is_told_and_of_its_layout_is_not(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None], told: set[str]
) -> None:
    manifest = few.opened(few.packed(("*",), (), DBT_PROJECT))
    change(manifest)
    monkeypatch.setattr(parsing, "manifest", lambda _: manifest)
    after = {found.node: found.hash for found in formulas.of_project(DBT_PROJECT)}
    differing = {node for node in before if after[node] != before[node]}
    assert differing == told or (len(told) > 1 and told < differing)


def test_a_threshold_changes_what_uses_it_and_nothing_else(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a macro uses it."""
    other = policy.variables() | {"work_hours_risk": 16, "effect_window_days": 91}
    monkeypatch.setattr(policy, "variables", lambda: other)
    after = {found.node: found.hash for found in formulas.of_project(DBT_PROJECT)}
    assert {node for node in before if after[node] != before[node]} == {"child_work"}


@pytest.mark.parametrize(("one", "other", "same"), [
    ("a  +\nb", "a + b", True), ("a -- b", "a", True), ("a /* b */", "a", True), ("{%- if a -%}", "{% if a %}", True),
    ("'a  b'", "'a b'", False), ("'a -- b'", "'a '", False), ("'it''s' -- no", "'it''s'", True), ("a - -b", "a", False),
])  # fmt: skip
def test_layout_and_comments_are_nothing_and_what_is_quoted_is(one: str, other: str, same: bool) -> None:
    assert (formulas.plain(one) == formulas.plain(other)) is same


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    """Three closed dates: of one, closed by former code, nothing is noted; two were built now."""
    db = duckdb.connect()
    db.execute("create schema raw; " + closing.DDL + formulas.DDL)
    db.execute("insert into raw.formulas values ('one', 'child_features', 'a', true), ('one', 'services', 's', false)")
    built(db, "2022-04-30", "null")
    for day in ("2022-07-31", "2022-10-31"):
        built(db, day, "now()::timestamp")
    formulas.remember(db)
    return db


def built(db: duckdb.DuckDBPyConnection, day: str, when: str) -> None:
    db.execute(f"insert or ignore into raw.closed_dates values (date '{day}')")
    db.execute(f"delete from raw.held_dates where as_of_date = date '{day}'")
    db.execute(f"insert into raw.held_dates values ('child_features', date '{day}', true, false, {when})")


def told(db: duckdb.DuckDBPyConnection) -> str:
    stream = io.StringIO()
    formulas.tell(db, Progress(stream))
    return stream.getvalue()


def test_what_is_unknown_is_counted_and_no_change(db: duckdb.DuckDBPyConnection) -> None:
    assert (formulas.changed(db), formulas.unknown(db), told(db)) == ({}, 1, "")


@pytest.mark.parametrize("node", ["child_features", "services"])
def test_a_change_is_told_in_a_line_with_what_to_do(db: duckdb.DuckDBPyConnection, node: str) -> None:
    db.execute("update raw.formulas set hash = 'other' where node = ?", [node])
    assert formulas.changed(db) == {node: 2}
    assert told(db).count("\n") == 1
    for said in (f"2 closed dates were built: {node};", "qhawaq diff --closed", "--full-refresh", "unknown_dates=1"):
        assert said in told(db)


def test_a_date_that_is_built_again_is_of_the_code_of_now_and_the_others_stay(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("update raw.formulas set hash = 'other'")
    formulas.remember(db)  # nothing was built
    assert formulas.changed(db) == {"child_features": 2, "services": 2}
    built(db, "2022-10-31", "now()::timestamp")
    built(db, "2022-11-30", "now()::timestamp")
    formulas.remember(db)
    assert formulas.changed(db) == {"child_features": 1, "services": 1}
    built(db, "2022-07-31", "now()::timestamp")
    formulas.remember(db)
    assert formulas.changed(db) == {}


def test_a_model_that_is_no_more_is_told_until_the_date_is_built_again(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("delete from raw.formulas where node = 'services'")
    formulas.remember(db)
    assert formulas.changed(db) == {"services": 2}
    for day in ("2022-07-31", "2022-10-31"):
        built(db, day, "now()::timestamp")
    formulas.remember(db)
    assert formulas.changed(db) == {}


@pytest.mark.long
def test_diff_shows_what_building_closed_dates_again_alters_and_changes_nothing(tmp_path: Any) -> None:
    home = homes.copy(homes.get("short") / "home", Home(tmp_path / "home"), "archive", "serving", "compiled")
    with duckdb.connect(str(home.warehouse)) as db:
        first = "(select min(as_of_date) from raw.closed_dates)"
        (n,) = db.execute(f"select count(*) from features.child_work where as_of_date = {first}").fetchone()
        db.execute(f"update features.child_work set work_hours_change = 99 where as_of_date = {first}")
        db.execute("delete from raw.closed_code")
    content = home.warehouse.read_bytes()
    said = qhawaq(home.root, "diff", "--closed").stdout
    assert f"work_hours_change: {n:,} rows" in said
    assert "12 closed dates were made by code that was not recorded" in said
    assert home.warehouse.read_bytes() == content
    qhawaq(home.root, "diff", expect=2)
    qhawaq(home.root, "diff", "HEAD", "--closed", expect=2)
