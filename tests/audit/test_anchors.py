"""The access log of a home is anchored in its warehouse with each landing, whatever somebody does to it."""

from __future__ import annotations

import json

import duckdb
import pytest

from tests.audit.test_access_log import faults, forked
from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import database, keys
from warehouse.audit import access_log, anchors
from warehouse.pipeline import tables
from warehouse.settings import Home


def test_nobody_forges_a_line_by_a_name(home: Home) -> None:
    keys.load(home.secrets)
    access_log.note(home, "reveal", "7", "visita acordada", "x\n2026-11-30 09:00 maria: reveal (curiosidad)")
    (line,) = access_log.of(home, keys.load(home.secrets)).lines()
    assert line.written["who"] == "x 2026-11-30 09:00 maria: reveal (curiosidad)"


@pytest.fixture
def ledger(home: Home) -> duckdb.DuckDBPyConnection:
    keys.load(home.secrets)
    db = database.warehouse(home)
    tables.prepare(db)
    return db


def test_each_run_anchors_what_came_and_nothing_that_does_not_follow(
    home: Home, ledger: duckdb.DuckDBPyConnection
) -> None:
    log = access_log.of(home, keys.load(home.secrets))
    assert anchors.keep(ledger, log) == []
    assert anchors.kept(ledger) == []  # nobody has looked yet
    for number in range(3):
        log.note("luis", "child", str(number), "visita acordada")
        older = log.path.read_bytes()
        assert anchors.keep(ledger, log) == anchors.keep(ledger, log) == []
    assert [anchor.head.n_lines for anchor in anchors.kept(ledger)] == [1, 2, 3]
    log.path.write_bytes(older[: len(older) // 3 + 10])
    assert "was rolled back to" in anchors.keep(ledger, log)[0]
    forked(log, older.splitlines(keepends=True)[0])
    assert "it agrees up to line 1" in anchors.keep(ledger, log)[0]
    assert len(anchors.kept(ledger)) == 3
    log.path.write_bytes(older)
    log.note("luis", "child", "8", "visita acordada")
    assert anchors.keep(ledger, log) == []
    assert len(anchors.kept(ledger)) == 4


def test_an_auditor_checks_the_log_from_the_command_line(home: Home, ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.close()
    access_log.note(home, "child", "7", "visita acordada")
    head = qhawaq(home.root, "access-log", "head").stdout.strip()
    assert "1 lines, each as it was written; 1 anchors" in qhawaq(
        home.root, "access-log", "verify", "--head", head
    ).stdout  # fmt: skip
    home.access_log.unlink()
    access_log.note(home, "child", "8", "visita acordada")
    told = qhawaq(home.root, "access-log", "verify", "--head", head, expect=1)
    assert "is another log" in told.stdout
    assert json.loads(home.access_log.read_text())["child"] == "8"


def test_each_landing_anchors_though_nothing_is_new(home: Home, ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.close()
    access_log.note(home, "child", "7", "visita acordada")
    qhawaq(home.root, "--quiet", "land")
    home.access_log.write_bytes(b"")
    told = qhawaq(home.root, "access-log", "verify", expect=1).stdout
    assert "was emptied: it had 1 lines" in told
    assert "was emptied" in qhawaq(home.root, "land").stderr
    assert "was emptied" in qhawaq(home.root, "access-log", "head", expect=1).stderr


def test_a_line_of_somebody_else_stops_no_anchoring(home: Home, ledger: duckdb.DuckDBPyConnection) -> None:
    """Else one line would let whoever wrote it cut everything after it unseen."""
    log = access_log.of(home, keys.load(home.secrets))
    log.note("luis", "child", "7", "visita acordada")
    assert anchors.keep(ledger, log) == []
    with log.path.open("ab") as file:
        file.write(b'{"at": null, "child": "7", "seal": "x"}\n')
    log.note("luis", "child", "8", "visita acordada")
    assert "line 2" in anchors.keep(ledger, log)[0]
    assert [anchor.head.n_lines for anchor in anchors.kept(ledger)] == [1, 3]
    whole = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(whole[:2]))
    assert any(
        "was cut: its last 1 lines are gone" in wrong for wrong in anchors.check(log, anchors.kept(ledger)).wrong
    )


def test_a_look_that_somebody_changed_is_shown_as_such(home: Home, ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.close()
    qhawaq(home.root, "--quiet", "land")
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "--quiet", "land")
    access_log.note(home, "child", "7", "visita acordada", "luis")
    with home.access_log.open("ab") as file:
        file.write(b'{"at": null, "child": "7", "seal": "x"}\n')
    said = qhawaq(home.root, "access-log", "of", "7", "--reason", "una prueba larga", "--who", "ana")
    assert "luis: child (visita acordada)" in said.stdout
    assert "line 2 is not as it was written" in said.stdout
    assert "ana: accesses" in said.stdout


def test_many_children_are_noted_in_lines_that_can_be_read(home: Home) -> None:
    access_log.note_all(home, "trace", range(1, access_log.AT_ONCE + 2), "a count of many children")
    log = access_log.of(home, keys.load(home.secrets))
    assert [len(json.loads(line)["child"]) for line in log.path.read_text().splitlines()] == [access_log.AT_ONCE, 1]
    assert faults(log) == {}
