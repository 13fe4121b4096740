"""How often children's data was looked at: counted by day and kind, and no child, no name and no reason with it."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import Country
from warehouse import database, keys
from warehouse.audit import accesses
from warehouse.audit.access_log import AccessLog
from warehouse.pipeline import tables
from warehouse.publish import switching
from warehouse.settings import Home


@pytest.fixture
def watched(home: Home) -> duckdb.DuckDBPyConnection:
    keys.load(home.secrets)  # before anything is sealed with it
    db = database.warehouse(home)
    tables.prepare(db)
    return db


def counted(db: duckdb.DuckDBPyConnection, home: Home) -> list[tuple]:
    accesses.count(db, home, keys.load(home.secrets))
    return db.execute("select what, n_accesses, n_people from raw.accesses order by all").fetchall()


def test_nothing_was_looked_at_in_a_new_home(watched: duckdb.DuckDBPyConnection, home: Home) -> None:
    assert counted(watched, home) == []


def test_accesses_are_counted_and_counted_anew(watched: duckdb.DuckDBPyConnection, home: Home) -> None:
    journal = AccessLog(home.access_log, b"key")
    journal.note("rosa", "child", "7", "ficha")
    journal.note("rosa", "child", "8", "ficha")
    journal.note("luis", "child", "7", "ficha")
    journal.note("luis", "identity", "7", "visita del 5 de mayo")
    assert counted(watched, home) == counted(watched, home) == [("child", 3, 2), ("identity", 1, 1)]
    with home.access_log.open("a") as file:
        file.write('{"at": "2025-05-01T')  # cut off by a crash
    assert counted(watched, home) == [("child", 3, 2), ("identity", 1, 1)]
    text = str(watched.execute("select * from raw.accesses").fetchall())
    assert "rosa" not in text
    assert "visita" not in text


def test_who_reads_a_name_on_the_command_line_is_counted_too(watched: duckdb.DuckDBPyConnection, home: Home) -> None:
    secrets = keys.load(home.secrets)
    watched.execute(f"load '{database.crypto_extension()}'")  # only what writes a vault needs it
    database.attach_vault(watched, home, secrets)
    watched.execute("create table vault.reveals (revealed_at timestamp, child_key bigint, who varchar, reason varchar)")
    watched.execute(
        "insert into vault.reveals values ('2025-05-02 04:59:59', 7, 'ana', 'x'), ('2025-05-02 05:00', 7, 'ana', 'x')"
    )
    watched.execute("detach vault")
    assert counted(watched, home) == [("reveal", 1, 1), ("reveal", 1, 1)]
    days = watched.execute("select cast(day as varchar) from raw.accesses order by 1").fetchall()
    assert days == [("2025-05-01",), ("2025-05-02",)]


def test_a_vault_that_cannot_be_asked_leaves_the_counts_of_before(
    watched: duckdb.DuckDBPyConnection, home: Home
) -> None:
    journal = AccessLog(home.access_log, b"key")
    journal.note("rosa", "child", "7", "ficha")
    assert counted(watched, home) == [("child", 1, 1)]
    journal.note("rosa", "child", "8", "ficha")
    watched.execute(f"load '{database.crypto_extension()}'")
    database.attach_vault(watched, home, keys.load(home.secrets))  # as new: it has no table yet
    watched.execute("create table vault.other (n integer)")
    watched.execute("detach vault")
    with pytest.raises(duckdb.CatalogException, match="reveals"):
        counted(watched, home)
    assert watched.execute("select what, n_accesses from raw.accesses").fetchall() == [("child", 1)]
    assert watched.execute("select 1 from duckdb_databases() where database_name = 'vault'").fetchall() == []


def test_the_next_release_knows_of_those_before(country: Country) -> None:
    """The release that is looked at is noted only once all its files are switched to."""
    (noted,) = country.ask("select release_id, n_files, built_for = (select today from raw.calendar) from raw.releases")
    assert noted == (switching.current(country.home), noted[1], True)
    assert noted[1] == len(list(country.home.serving.rglob("current.duckdb")))
    assert country.ask("select count(*) from operations.release_history") == [(0,)]
