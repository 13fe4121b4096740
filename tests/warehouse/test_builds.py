"""What dbt does when called: the unit tests of rules pass; what a killed build left behind goes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from warehouse.build import dbt
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


def test_rules_and_thresholds(country: Country, tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    built = dbt.unit_tests(home, silent)
    assert (built.models, built.tests) == (0, 68)


def test_a_build_removes_what_a_killed_build_left(country: Country, tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("create table main.reason_outputs__dbt_tmp20260101 as select 1 as x")
        db.execute("create view marts__dbt_backup as select 1 as x")
        db.execute("create schema if not exists staging; create table staging.kept as select 1 as x")
    dbt.build(home, silent, ("--select", "departments"))
    with duckdb.connect(str(home.warehouse)) as db:
        left = db.execute(
            "select table_name from information_schema.tables where table_name similar to '.*__dbt_.*|kept'"
        ).fetchall()
    assert left == [("kept",)]


def test_a_build_removes_the_intermediate_tables_of_models_that_are_gone(
    country: Country, tmp_path: Path, silent: Progress
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    asked = "select table_name from information_schema.tables where table_schema = 'intermediate'"
    with duckdb.connect(str(home.warehouse)) as db:
        before = set(db.execute(asked).fetchall())
        db.execute("create table intermediate.int_maturity__labels as select 1 as child_key")
        db.execute("create view intermediate.int_gone__seen as select 1 as child_key")
    dbt.build(home, silent, ("--select", "departments"))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert set(db.execute(asked).fetchall()) == before


def test_building_scores_again_leaves_nothing_behind(country: Country, tmp_path: Path, silent: Progress) -> None:
    """An incremental Python model writes its new rows into a table in `main` first; it goes with the build."""
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    dbt.build(home, silent, ("--select", "score_outputs", "risk_scores", "reason_outputs"))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        left = db.execute("select table_name from information_schema.tables where contains(table_name, '__dbt_')")
        assert left.fetchall() == []


def test_what_is_null_is_named_by_column_and_counted(country: Country, tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    test = ("--select", "never_null_departments_department_code__department_name__capital")
    assert dbt.build(home, silent, test).tests == 1
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("update staging.departments set capital = null where department_code in ('08', '21')")
        db.execute("update staging.departments set department_name = null where department_code = '08'")
    noted = home.task_runs.read_text().count("\n")
    with pytest.raises(BuildFailed, match=r"Got 3 results.*; null: department_name \(1 rows\), capital \(2 rows\)"):
        dbt.build(home, silent, test)
    (line,) = map(json.loads, home.task_runs.read_text().splitlines()[noted:])
    assert (line["dag_id"], line["task_id"], line["state"], line["error"]) == ("dbt", test[1], "failed", "fail")


@pytest.mark.parametrize(("which", "broken"), [("min", "as_many_rows_as"), ("max", "unique_together")])
def test_a_label_that_stands_twice_is_found_on_old_dates_and_new(
    country: Country, tmp_path: Path, silent: Progress, which: str, broken: str
) -> None:
    """The key is looked for on new dates only; on old ones that there are as many labels as pupils says the same."""
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    tests = ("--select", "unique_together_int_outcomes__labels_child_key__as_of_date",
             "as_many_rows_as_int_outcomes__labels_ref_int_pupils__as_of_")  # fmt: skip
    table = "intermediate.int_outcomes__labels"
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(f"delete from raw.built_dates where as_of_date = (select max(as_of_date) from {table})")
        assert db.execute("select count(*) > 10 from raw.built_dates").fetchone() == (True,)
    assert dbt.build(home, silent, tests).tests == 2
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(
            f"insert into {table} select * from {table} where as_of_date = (select {which}(as_of_date) from {table}) limit 1"
        )
    with pytest.raises(BuildFailed, match=broken):
        dbt.build(home, silent, tests)


def test_every_model_of_a_build_is_noted_with_its_time(country: Country) -> None:
    runs = country.ask(
        "select task_id, state, seconds from operations.task_runs where dag_id = 'dbt' and task_id = 'child_features'"
    )
    assert [(task, state) for task, state, _ in runs] == [("child_features", "success")]
    assert 0 < runs[0][2] < 600


def test_what_is_out_of_range_is_named_by_column_and_counted(
    country: Country, tmp_path: Path, silent: Progress
) -> None:
    home = country.copy(tmp_path / "home", "archive", "serving")
    test = ("--select", "in_ranges_int_places__districts__0_100_")
    table = "intermediate.int_places__districts"
    change = f"update {table} set poverty_percent = {{}} where rowid < 2"
    for value, is_in in ((0, True), (100, True), (None, True), (-0.01, False), (100.01, False)):
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute(change.format("null" if value is None else value))
        if is_in:
            assert dbt.build(home, silent, test).tests == 1
        else:
            with pytest.raises(BuildFailed, match=r"Got 2 results.*; out of range: poverty_percent \(2 rows\)"):
                dbt.build(home, silent, test)


@pytest.mark.long
def test_a_model_whose_last_date_fails_keeps_all_its_dates_as_they_were(
    country: Country, tmp_path: Path, silent: Progress
) -> None:
    home, table = country.copy(tmp_path / "home", "archive", "serving"), "features.child_work"
    project = Path(shutil.copytree(DBT_PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    with duckdb.connect(str(home.warehouse)) as db:
        before = db.execute(f"from {table} order by all").fetchall()
        (last,) = db.execute(f"select max(as_of_date)::varchar from {table}").fetchone()
    model = project / "models" / "features" / "work" / "child_work.sql"
    broken = f"from ({model.read_text()}) as built where if(as_of_date = date '{last}', error('stop'), 1) is not null"
    model.write_text(f"select * {broken}")
    for full_refresh in (True, False):
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute("delete from raw.closed_dates")
        with pytest.raises(BuildFailed, match="stop"):
            dbt.build(home, silent, ("--select", "child_work"), full_refresh, project)
        with duckdb.connect(str(home.warehouse), read_only=True) as db:
            assert db.execute(f"from {table} order by all").fetchall() == before
