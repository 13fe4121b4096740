"""What dbt does when called: the unit tests of rules pass; what a killed build left behind goes."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests import few
from tests.conftest import Country
from warehouse.build import dbt
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

# Tests whose failures are told by column, and the two that find a label which stands twice.
NULLS = "never_null_departments_department_code__department_name__capital"
RANGES = "in_ranges_int_places__districts__0_100_"
UNIQUE = "unique_together_int_outcomes__labels_child_key__as_of_date"
AS_MANY = "as_many_rows_as_int_outcomes__labels_ref_int_pupils__as_of_"
LABELS, DISTRICTS = "intermediate.int_outcomes__labels", "intermediate.int_places__districts"


def change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in statements:
            db.execute(statement)


def left(home: Home) -> list[tuple]:
    """Return the tables of builds that did not end, and the one that a test made."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(
            "select table_name from information_schema.tables where table_name similar to '.*__dbt_.*|kept'"
        ).fetchall()


def twice(which: str) -> str:
    """Return SQL that lets a label of the oldest (min) or the newest date (max) stand twice."""
    return f"insert into {LABELS} from {LABELS} where as_of_date = (select {which}(as_of_date) from {LABELS}) limit 1"


def percents(*values: str) -> list[str]:
    """Return SQL that gives each value to two districts."""
    return [
        f"update {DISTRICTS} set poverty_percent = {value} where rowid // 2 = {n}" for n, value in enumerate(values)
    ]


@dataclass
class Judged:
    """A country that was judged green, then with nulls and values out of range; leftovers of a killed build lay in it before."""

    home: Home
    tests: int  # so many were green
    left: list[tuple]
    said: str
    noted: list[dict[str, str]]


@pytest.fixture(scope="module")
def judged(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Judge a copy of the country twice: each call of dbt takes longer than all that is asked of it here."""
    home = country.to_build(tmp_path_factory.mktemp("judged") / "home")
    change(
        home, *percents("0", "100", "null"),
        "create table main.reason_outputs__dbt_tmp20260101 as select 1 as x",
        "create view marts__dbt_backup as select 1 as x",
        "create schema if not exists staging; create table staging.kept as select 1 as x",
        f"delete from raw.built_dates where as_of_date = (select max(as_of_date) from {LABELS})",
    )  # fmt: skip
    with duckdb.connect(str(home.warehouse)) as db:
        assert db.execute("select count(*) > 10 from raw.built_dates").fetchone() == (True,)
    tests = few.build(home, NULLS, RANGES, UNIQUE, AS_MANY).tests
    lines = home.task_runs.read_text().count("\n")
    after = left(home)
    change(
        home, *percents("-0.01", "100.01"),
        "update staging.departments set capital = null where department_code in ('08', '21')",
        "update staging.departments set department_name = null where department_code = '08'",
    )  # fmt: skip
    with pytest.raises(BuildFailed) as failed:
        few.build(home, NULLS, RANGES)
    noted = [json.loads(line) for line in home.task_runs.read_text().splitlines()[lines:]]
    return Judged(home, tests, after, str(failed.value), noted)


def test_rules_of_features_outcomes_and_attendance(judged: Judged) -> None:
    """What decides about a child; dbt takes a tenth of a second for each, and all are asked before mutants are tried."""
    built = few.unit_tests(judged.home, "child_*", "int_outcomes__*", "int_attendance__*")
    assert (built.models, built.tests) == (0, 53)


def test_a_build_removes_what_a_killed_build_left(judged: Judged) -> None:
    assert judged.left == [("kept",)]


def test_building_scores_again_leaves_nothing_behind(judged: Judged) -> None:
    """An incremental Python model writes its new rows into a table in `main` first; it goes with the build."""
    few.without_tests(judged.home, "--select", "score_outputs", "risk_scores", "reason_outputs")
    assert left(judged.home) == [("kept",)]


def test_a_seed_with_a_column_that_a_home_does_not_know_yet_is_put_in_anew(judged: Judged) -> None:
    change(judged.home, "alter table staging.alert_thresholds drop column watched")
    few.without_tests(judged.home, "--select", "alert_thresholds")
    with duckdb.connect(str(judged.home.warehouse), read_only=True) as db:
        assert db.execute("select count(watched) > 5 from staging.alert_thresholds").fetchone() == (True,)


def test_where_nothing_is_wrong_every_test_is_green(judged: Judged) -> None:
    """Both ends of a range are in it, and what is unknown is not out of it."""
    assert judged.tests == 4


def test_what_is_null_is_named_by_column_and_counted(judged: Judged) -> None:
    assert re.search(rf"{NULLS}: Got 3 results.*; null: department_name \(1 rows\), capital \(2 rows\)", judged.said)


def test_what_is_out_of_range_is_named_by_column_and_counted(judged: Judged) -> None:
    """Below and above it: two rows each."""
    assert re.search(rf"{RANGES}: Got 4 results.*; out of range: poverty_percent \(4 rows\)", judged.said)


def test_every_failed_test_is_noted(judged: Judged) -> None:
    assert sorted((line["dag_id"], line["task_id"], line["state"], line["error"]) for line in judged.noted) == [
        ("dbt", name, "failed", "fail") for name in sorted((NULLS, RANGES))
    ]


@pytest.mark.parametrize(("which", "broken"), [("min", AS_MANY), ("max", UNIQUE)])
def test_a_label_that_stands_twice_is_found_on_old_dates_and_new(judged: Judged, which: str, broken: str) -> None:
    """The key is looked for on new dates only; on old ones that there are as many labels as pupils says the same."""
    change(judged.home, twice(which))
    with pytest.raises(BuildFailed, match=f"{broken}: Got 1 result"):
        few.build(judged.home, UNIQUE, AS_MANY)
    change(judged.home, f"delete from {LABELS} where rowid = (select max(rowid) from {LABELS})")


def test_every_model_of_a_build_is_noted_with_its_time(country: Country) -> None:
    runs = country.ask(
        "select task_id, state, seconds from operations.task_runs where dag_id = 'dbt' and task_id = 'child_features'"
    )
    assert [(task, state) for task, state, _ in runs] == [("child_features", "success")]
    assert 0 < runs[0][2] < 600


@pytest.mark.long
def test_a_model_whose_last_date_fails_keeps_all_its_dates_as_they_were(
    country: Country, tmp_path: Path, silent: Progress
) -> None:
    home, table = country.to_build(tmp_path / "home"), "features.child_work"
    project = Path(shutil.copytree(DBT_PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    with duckdb.connect(str(home.warehouse)) as db:
        before = db.execute(f"from {table} order by all").fetchall()
        (last,) = db.execute(f"select max(as_of_date)::varchar from {table}").fetchone()
    model = project / "models" / "features" / "child_work.sql"
    broken = f"from ({model.read_text()}) as built where if(as_of_date = date '{last}', error('stop'), 1) is not null"
    model.write_text(f"select * {broken}")
    for full_refresh in (True, False):
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute("delete from raw.closed_dates")
        with pytest.raises(BuildFailed, match="stop"):
            dbt.build(home, silent, ("--select", "child_work"), full_refresh, project)
        with duckdb.connect(str(home.warehouse), read_only=True) as db:
            assert db.execute(f"from {table} order by all").fetchall() == before
