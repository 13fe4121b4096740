"""While landing writes the vault, names and notes come from a sealed copy of it; an erasure reaches the copy too."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from service import home as service_home
from service.settings import Busy
from tests.conftest import deliver, qhawaq
from tests.landing import samples, visits
from tests.landing.visits import CANARY, book, entry, holding, landed, noted
from tests.rights.erasing import WHY, in_vault, key_of
from warehouse import clock, database, keys
from warehouse.landing import journal, snapshot
from warehouse.progress import Progress
from warehouse.rights import erasure, retention
from warehouse.rights.subject import Request
from warehouse.settings import Home

DOCUMENT, OTHER = "71234560", "71234561"


def _hold(root: str, is_held: Any, may_end: Any) -> None:
    home = Home(Path(root))
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets))
        is_held.set()
        may_end.wait(60)


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Have another process hold the vault for writing, as landing does."""
    context = multiprocessing.get_context("spawn")
    is_held, may_end = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(str(home.root), is_held, may_end))
    process.start()
    assert is_held.wait(60)
    try:
        yield
    finally:
        may_end.set()
        process.join(60)


@pytest.fixture
def served(home: Home) -> Home:
    """A home with pupils in the vault, two of whom have a page."""
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "--quiet", "land")
    folder = home.serving / "service"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "current.duckdb")) as db:
        for table in snapshot.LISTS:
            db.execute(f"create table {table} (child_key varchar)")
        for document in (DOCUMENT, OTHER):
            db.execute("insert into cases values (?)", [str(key_of(home, document))])
    book(home).record(entry(key_of(home), note=f"{CANARY}, hermano de {OTHER}", with_whom="Ana"))
    book(home).record(entry(key_of(home, OTHER), note=f"vive con {DOCUMENT}", in_charge="ana", who="pedro"))
    qhawaq(home.root, "--quiet", "land")
    return home


def test_names_and_notes_are_read_while_the_vault_is_written(served: Home) -> None:
    child = key_of(served)
    (stranger,) = {key for (key,) in in_vault(served, "select child_key from vault.persons")} - {
        child,
        key_of(served, OTHER),
    }
    name, full = service_home.reveal(served, child), service_home.names(served, [child])
    notes = service_home.notes(served, child)
    assert (notes[0]["note"], notes[0]["with_whom"]) == (f"{CANARY}, hermano de {OTHER}", "Ana")
    with held(served):
        assert service_home.reveal(served, child) == name
        assert service_home.names(served, [child, stranger]) == full
        again = service_home.notes(served, child)
        assert [(note["number"], note["note"]) for note in again] == [(note["number"], note["note"]) for note in notes]
        with pytest.raises(Busy):  # no page of it is published
            service_home.reveal(served, stranger)


def test_the_copy_is_written_again_only_where_something_changed(served: Home) -> None:
    secret = keys.load(served.secrets)
    snapshot.write(served, secret)
    before = snapshot.path_of(served).read_bytes()
    snapshot.write(served, secret)
    assert snapshot.path_of(served).read_bytes() == before
    with duckdb.connect(str(served.serving / "service" / "current.duckdb")) as db:
        db.execute("delete from cases")
    snapshot.write(served, secret)
    assert snapshot.read(served, secret) == {"identities": {}, "notes": {}}


def test_a_family_reads_what_was_noted(served: Home) -> None:
    said = qhawaq(served.root, "--quiet", "subject", "access", str(key_of(served)), *WHY).stdout
    assert "## Notas de visitas (1)" in said
    assert CANARY in said


def test_the_copy_is_sealed_and_tells_who_recorded_what(served: Home) -> None:
    name = service_home.reveal(served, key_of(served))
    assert name
    for text in (CANARY, name["given_names"], DOCUMENT, "pedro"):
        assert holding(served, text) == [], text
    numbers = {child: number for number, child, *_ in noted(served)}
    staff = book(served).staff()
    assert staff[numbers[key_of(served, OTHER)]] == ("pedro", "ana")
    assert staff[numbers[key_of(served)]] == ("docente", "")


def test_without_a_copy_or_with_a_damaged_one_it_is_busy(served: Home) -> None:
    child = key_of(served)
    with held(served):
        for content in (b"damaged", b""):
            snapshot.path_of(served).write_bytes(content)
            _assert_busy(served, child)
        snapshot.path_of(served).unlink()
        _assert_busy(served, child)


def _assert_busy(home: Home, child: int) -> None:
    with pytest.raises(Busy):
        service_home.reveal(home, child)
    with pytest.raises(Busy):
        service_home.names(home, [child])
    assert service_home.notes(home, child) == []


def test_an_erasure_reaches_visits_notes_and_copy(served: Home) -> None:
    child, other = key_of(served), key_of(served, OTHER)
    waiting = entry(child, note="otra")
    book(served).record(waiting)
    erasure.erase(served, Request(child, "erase", "mesa de partes", "Solicitud de la familia"), clock.today())
    secret = keys.load(served.secrets)
    assert [one.child for one in book(served).entries()] == [str(other)]
    assert list(served.inbox.iterdir()) == []
    assert [(key, note) for _, key, _, note in noted(served)] == [(other, "vive con [borrado]")]
    assert {one.note for one in journal.entries(served, secret)} == {"vive con [borrado]"}
    held_copy = snapshot.read(served, secret)
    assert held_copy
    assert list(held_copy["identities"]) == list(held_copy["notes"]) == [str(other)]
    assert len(landed(served)) == 1
    qhawaq(served.root, "--quiet", "land")
    assert len(landed(served)) == 1
    assert DOCUMENT not in str(snapshot.read(served, secret))


def test_notes_of_a_deleted_delivery_or_person_go(served: Home, silent: Progress) -> None:
    kept, gone = noted(served)
    file = in_vault(served, f"select file from vault.visit_notes where number = '{gone[0]}'")[0][0]
    with database.warehouse(served) as db, database.scratch(served) as vault:
        database.attach_vault(vault, served, keys.load(served.secrets))
        db.execute("update raw.deliveries set deleted_on = current_date where file = ?", [file])
        vault.execute("create temp table kept as select child_key from vault.persons")
        retention.forget_persons(vault, db, [])
    assert [number for number, *_ in noted(served)] == [kept[0]]
    with database.warehouse(served) as db, database.scratch(served) as vault:
        database.attach_vault(vault, served, keys.load(served.secrets))
        vault.execute("create temp table kept (child_key bigint)")
        retention.forget_persons(vault, db, [])
    assert noted(served) == []
    assert visits.CONTRACT.retention_years == 10
