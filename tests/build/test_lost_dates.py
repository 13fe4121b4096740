"""A closed as-of date that a table lost comes back: taken from its Parquet, built again, or the build says why not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests import few, homes
from tests.conftest import examples
from warehouse import contracts, files
from warehouse.build import closing
from warehouse.errors import BuildFailed
from warehouse.pipeline import build, run
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.rights import retention
from warehouse.settings import DBT_PROJECT, Home

SILENT = Progress(quiet=True)
DATED = ("--select", "config.materialized:as_of")
Content = dict[str, dict[str, tuple[int, str]]]  # table → date → number of rows and a hash of them


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Twelve closed dates of two school years, to be broken."""
    return homes.copy(homes.get("short") / "home", Home(tmp_path / "home"), "archive", "serving", "compiled")


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in statements:
            db.execute(statement)


def tables(home: Home) -> list[str]:
    """Return the tables that are built by date."""
    return [
        f"{schema}.{table}"
        for schema, table in ask(
            home,
            "select schema_name, table_name from duckdb_tables() "
            "where table_name in (select table_name from raw.held_dates) order by all",
        )
    ]


def content(home: Home) -> Content:
    found: Content = {}
    each = (
        f"select '{table}', as_of_date, count(*), sum(hash(t))::varchar from {table} as t group by all"
        for table in tables(home)
    )
    for table, day, n, digest in ask(home, " union all ".join(each)):
        found.setdefault(table, {})[str(day)] = (n, digest)
    return found


def built(home: Home, full_refresh: bool = False) -> None:
    """Do what `qhawaq build` does, for tables of dates only and without dbt's tests, which judge other promises."""
    few.begin(home, full_refresh)
    dated = tuple(node.name for node in few.project().nodes.values() if node.config.materialized == "as_of")
    few.without_tests(home, *DATED, full_refresh=full_refresh, of=dated)
    build.close(home, SILENT, full_refresh)


def losses(home: Home, seed: int) -> Iterator[tuple[str, str]]:
    """Choose for each table closed dates to lose: the first, the last, or any others; for one table all of them."""
    days = [str(day) for (day,) in ask(home, "select as_of_date from raw.closed_dates order by 1")]
    chosen = random.Random(seed)
    for number, table in enumerate(tables(home)):
        some = [days[:1], days[-1:], chosen.sample(days, 3), days][number % 4 if number % 12 == 3 else number % 3]
        yield from ((table, day) for day in some)


@pytest.mark.parametrize("seed", range(1, 1 + examples(1)))
def test_any_date_that_any_table_lost_comes_back_as_it_was(home: Home, seed: int) -> None:
    before = content(home)
    assert len(before) > 15
    lost = list(losses(home, seed))
    change(home, *(f"delete from {table} where as_of_date = date '{day}'" for table, day in lost))
    if seed % 2:  # those of one year have lost their Parquet too, and are built again
        for path in home.features.glob("as_of=2023*/*.parquet"):
            path.write_bytes(path.read_bytes()[:-1])
    assert content(home) != before
    built(home)
    assert content(home) == before


def test_a_refresh_that_did_not_end_is_ended_by_the_next_build(home: Home) -> None:
    """The first table is built anew and others are not; the next call, without the option, leaves all of them whole.

    Dates whose deliveries are deleted keep their rows in it.
    """
    before, manifest = content(home), closing.read_manifest(home)
    retired(home, "siagie_progress.siagie_attendance", 2023)
    change(
        home,
        "update features.child_place set altitude_m = 1",  # what a refresh would put right
        "delete from features.child_features where as_of_date = (select min(as_of_date) from raw.closed_dates)",
    )
    few.begin(home, full_refresh=True)
    few.without_tests(home, "--select", "int_pupils__as_of", full_refresh=True)
    assert ask(home, "select count(*) from raw.refreshing") == [(1,)]
    built(home)
    assert ask(home, "select count(*) from raw.refreshing") == [(0,)]
    assert content(home) == before
    assert closing.read_manifest(home) == manifest
    assert ask(home, "select count(*) from raw.held_dates where is_partial") == [(0,)]


@pytest.mark.long
def test_a_refresh_killed_in_the_middle_is_ended_by_the_next_build(home: Home) -> None:
    """Killed when some tables are built anew and others not; the next call, without the option, leaves all of them whole."""
    before, manifest = content(home), closing.read_manifest(home)
    change(home, "update features.child_place set altitude_m = 1")  # what a refresh would put right
    command = [sys.executable, "-m", "tests.faults.job", "--home", str(home.root), "build", "--full-refresh"]
    job = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert job.stderr
    assert any("int_pupils__as_of" in line for line in job.stderr)
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate()
    assert ask(home, "select count(*) from raw.refreshing") == [(1,)]
    built(home)
    assert ask(home, "select count(*) from raw.refreshing") == [(0,)]
    assert content(home) == before
    assert closing.read_manifest(home) == manifest


def test_a_refresh_that_did_not_end_is_something_new_for_the_main_job(home: Home) -> None:
    """Else it would say that nothing is new, and half of history would stay of former code."""
    day = build.set_day(home)
    state = run.resume(home, day)
    release = "20250101T0-a"
    file = switching.file(home, "officials", release)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"marts")
    switching.write_manifest(home, release, {"officials": {"sha256": files.sha256(file)}})
    switching.point(home, release)
    state.done["publish"] = {"release": release}
    state.write(home)
    assert run.released(home, SILENT, day) == release
    build.begin(home, SILENT, full_refresh=True)
    assert run.released(home, SILENT, day) is None
    change(home, "delete from raw.refreshing")
    assert run.released(home, SILENT, day) == release


def retired(home: Home, source: str, year: int) -> None:
    """Delete the deliveries of a source and year as retention does."""
    known = list(contracts.read(DBT_PROJECT).values())
    with duckdb.connect(str(home.warehouse)) as db:
        (today,) = db.execute("select max(as_of_date) + 365 from raw.closed_dates").fetchone()
        found = db.execute(
            "select file, sha256, source, status from raw.deliveries where source = ? and period like ?",
            [source, f"{year}%"],
        ).fetchall()
        due = [retention.Expired(file, sha, of, retention.Status(status), today) for file, sha, of, status in found]
        assert retention.delete_rows(db, due, known, today) > 100


def test_a_column_that_came_after_retention_is_null_on_kept_dates_and_nothing_asks_for_it(home: Home) -> None:
    retired(home, "siagie_progress.siagie_attendance", 2023)
    wide = ("features.child_missing", "features.child_features")
    change(home, *(f"alter table {table} drop column lacks_marks" for table in wide))
    rows = {table: ask(home, f"select count(*) from {table} where as_of_date <= date '2024-10-31'") for table in wide}
    built(home, full_refresh=True)
    for table in wide:
        assert ask(home, f"select count(*) from {table} where as_of_date <= date '2024-10-31'") == rows[table]
    beyond = "as_of_date in (select as_of_date from raw.held_dates where table_name = 'child_missing' and is_partial)"
    assert ask(home, f"select count(distinct as_of_date) > 5 from features.child_missing where {beyond}") == [(True,)]
    assert ask(home, f"select bool_and((lacks_marks is null) = ({beyond})) from features.child_missing") == [(True,)]
    held = "table_name = 'child_missing' and column_name in ('child_key', 'lacks_marks', 'lacks_attendance')"
    constrained = ask(home, f"select column_name from duckdb_columns() where {held} and not is_nullable order by 1")
    assert constrained == [("child_key",), ("lacks_attendance",)]


def test_a_lost_date_whose_deliveries_are_deleted_is_refused_by_name(home: Home) -> None:
    retired(home, "siagie_progress.siagie_attendance", 2023)
    ((last,),) = ask(home, "select max(as_of_date)::varchar from intermediate.int_attendance__years")
    change(home, f"delete from intermediate.int_attendance__years where as_of_date = date '{last}'")
    before = content(home)
    with pytest.raises(
        BuildFailed, match=rf"int_attendance__years.* lacks the closed dates {last}, .*'qhawaq restore'"
    ):
        built(home)
    assert content(home)["intermediate.int_attendance__years"] == before["intermediate.int_attendance__years"]


def test_a_home_of_former_code_opens_and_learns_what_its_tables_hold(home: Home) -> None:
    before = content(home)
    change(home, "drop table raw.held_dates", "drop table raw.refreshing")
    retired(home, "siagie_progress.siagie_attendance", 2023)
    built(home)
    assert content(home) == before
