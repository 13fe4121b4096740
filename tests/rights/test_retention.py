"""What has been kept long enough goes everywhere, and a search proves it; what is due elsewhere stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from warehouse import contracts, database, keys
from warehouse.build import closing
from warehouse.rights import canary, deletion, retention
from warehouse.rights.canary import Canaries
from warehouse.settings import DBT_PROJECT, Home

pytestmark = pytest.mark.long
FAR = "2031-01-02"  # enrollments of 2018 are over (12 years), attendance and grades of 2018-2020 (10), cases up to 2025


@pytest.fixture(scope="module")
def retained(country: Country, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    home = country.copy(tmp_path_factory.mktemp("old") / "home")
    _review_everybody(home)
    said = qhawaq(home.root, "retain", "--today", FAR)
    assert "are due: call it with --delete" in said.stdout
    # interrupted between deleting and searching: the second call deletes nothing, and still has to prove all of it
    secret = keys.load(home.secrets)
    noted = deletion.begin(home, secret, date.fromisoformat(FAR))
    deletion.carry_out(home, secret, noted)
    assert noted.counts.persons > 0
    assert not any(value.encode() in home.retaining.read_bytes() for value in noted.canaries.values)
    return home, qhawaq(home.root, "retain", "--today", FAR, "--delete").stdout


def _review_everybody(home: Home) -> None:
    """Let a record of a delivery that stays be perhaps of each person, with a date of birth beside."""
    with _vault(home) as vault:
        vault.execute(
            "insert into vault.links select 'protection_cases.upe_cases', 'kept.txt', row_number() over (), child_key, 0.5, "
            "'review', 'names-1', date '2025-01-01', '2010-01-01', null, null from vault.persons"
        )


@contextmanager
def _vault(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    vault = database.scratch(home)
    database.attach_vault(vault, home, keys.load(home.secrets))
    yield vault
    vault.close()


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_whole_years_go_and_the_others_stay(retained: tuple[Home, str], country: Country) -> None:
    home, _ = retained
    assert ask(home, "select min(id_anio) from raw.siagie_enrollments") == [(2019,)]
    assert ask(home, "select min(id_anio) from raw.siagie_attendance") == [(2021,)]
    later = "select count(*) from raw.siagie_enrollments where id_anio > 2018"
    assert ask(home, later) == country.ask(later)
    assert ask(home, "select count(*) from raw.demuna_cases") == [(0,)]
    public = "select count(*) from raw.minedu_trajectories"
    assert ask(home, public) == country.ask(public) != [(0,)]


def test_the_ledger_keeps_a_tombstone_and_the_archive_no_file(retained: tuple[Home, str]) -> None:
    home, _ = retained
    rows = ask(home, "select sha256, deleted_on, period, source from raw.deliveries where source like 'siagie.%'")
    assert {bool(deleted) for _, deleted, period, _ in rows if period == "2018"} == {True}
    assert {deleted for _, deleted, period, _ in rows if period == "2019"} == {None}
    kept = {path.name[:16] for path in home.archive.rglob("*.age")}
    assert {sha[:16] in kept for sha, deleted, _, _ in rows if deleted} == {False}
    assert {sha[:16] in kept for sha, deleted, _, _ in rows if not deleted} == {True}


def test_as_of_dates_of_that_year_are_retired(retained: tuple[Home, str], country: Country) -> None:
    home, _ = retained
    before, after = closing.read_manifest(country.home), closing.read_manifest(home)
    assert before.keys() == after.keys()
    for day, entry in after.items():
        folder = home.features / f"as_of={day}"
        if day.startswith("2018"):
            assert entry == before[day] | {"retired_on": FAR}
            assert not folder.exists()
        else:
            assert entry == before[day]
            assert folder.exists()
    assert ask(home, "select min(as_of_date)::varchar >= '2019' from features.child_features") == [(True,)]
    assert not any(closing.fault(home, day, entry) for day, entry in closing.kept(home).items())


def test_persons_of_whom_nothing_is_kept_leave_the_vault(retained: tuple[Home, str], country: Country) -> None:
    home, _ = retained
    proof = json.loads(home.retention.read_text())[-1]
    assert 20 < proof["persons"] == proof["canaries"]
    assert proof["values"] > proof["persons"]
    assert set(proof["hits"].values()) == {0}
    assert not home.retaining.exists()
    secret = keys.load(home.secrets)
    before, after = (_persons(each, secret) for each in (country.home, home))
    gone = before - after
    assert len(gone) == proof["persons"]
    raw = [c.table for c in contracts.read(DBT_PROJECT).values() if c.aliases]
    kept = {key for table in raw for (key,) in ask(home, f"select distinct child_key from raw.{table}")}
    assert not gone & kept
    assert kept - {None} <= after
    with _vault(home) as vault:  # of who is gone no review keeps a date of birth either
        reviewed = database.column(vault, "select child_key from vault.links where file = 'kept.txt'")
    assert set(reviewed) == after


def _persons(home: Home, secret: keys.Keys) -> set[int]:
    vault = database.scratch(home)
    database.attach_vault(vault, home, secret, read_only=True)
    found = {key for (key,) in vault.execute("select child_key from vault.persons").fetchall()}
    for table in ("aliases", "siagie_enrollments"):
        held = {key for (key,) in vault.execute(f"select distinct child_key from vault.{table}").fetchall()}
        assert held <= found, table
    vault.close()
    return found


def test_the_search_finds_what_is_there(retained: tuple[Home, str], country: Country) -> None:
    """A proof that finds nothing proves something only if it would have found it."""
    home = country.home
    secret, vault = keys.load(home.secrets), database.scratch(home)
    database.attach_vault(vault, home, secret, read_only=True)
    child, document = vault.execute(
        "select a.child_key, a.value from vault.aliases as a where a.kind = 'dni' and a.child_key in "
        "(select child_key from vault.siagie_enrollments where n_doc is not null) order by all limit 1"
    ).fetchone()
    vault.close()
    listed = int(country.ask("select child_key from education.priority_list order by 1 limit 1")[0][0])
    hits = canary.search(home, secret, Canaries((child, listed), (document,))).hits
    assert {place for place, n in hits.items() if n} >= {"warehouse", "vault", "archive", "parquet", "serving"}


def test_nothing_is_due_the_day_before(country: Country) -> None:
    """Kept to the last day of the last year, on both sides of it."""
    known = list(contracts.read(DBT_PROJECT).values())
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:

        def due(day: date) -> set[str]:
            return {e.file for e in retention.expired(db, known, day) if e.source == "siagie.siagie_enrollments"}

        assert not due(date(2030, 12, 31))
        first = due(date(2031, 1, 1))
    assert first
    assert all("_2018_" in file for file in first)


def test_a_second_time_nothing_is_due(retained: tuple[Home, str]) -> None:
    home, said = retained
    assert "no hit" in said
    assert "nothing is due" in qhawaq(home.root, "retain", "--today", FAR, "--delete").stdout


def test_an_interrupted_deletion_is_finished_and_proved(retained: tuple[Home, str]) -> None:
    """The call that was interrupted deleted everything; the one that finished it says so and searched for those persons."""
    home, said = retained
    assert not home.retaining.exists()
    proof = json.loads(home.retention.read_text())[0]
    assert min(proof[what] for what in ("deliveries", "rows", "files", "persons", "dates", "canaries", "values")) > 0
    assert f"searched for {proof['canaries']} deleted persons" in said
