"""The journal of visits: nothing of it is lost or told twice wherever a process ends, and its words are only in the vault."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import qhawaq
from tests.landing import visits
from tests.landing.visits import CANARY, book, entry, holding, landed, noted
from warehouse import keys, synthetic
from warehouse.landing import inbox, journal, land, ledger, visit_notes
from warehouse.progress import Progress
from warehouse.settings import Home


class Killed(BaseException):
    """The process ends here."""


def killed(*_: object, **__: object) -> Any:
    raise Killed


def read(home: Home) -> list[journal.JournalEntry]:
    return list(journal.entries(home, keys.load(home.secrets)))


def test_what_is_recorded_lands_and_its_words_go_into_the_vault(home: Home, silent: Progress) -> None:
    one = entry()
    book(home).record(one)
    assert [found.number for found in book(home).entries()] == [one.number]
    (outcome,) = land.land(home, silent)
    assert (outcome.status, outcome.accepted_rows) == ("landed", 1), outcome
    assert landed(home) == [one.number]
    assert noted(home) == [(one.number, 111, "docente", CANARY)]
    assert [found.number for found in book(home).entries()] == [one.number]  # it shows until the warehouse shows it
    assert holding(home, CANARY) == []
    assert land.land(home, silent) == []
    assert (landed(home), len(noted(home))) == ([one.number], 1)


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before it is delivered": lambda patch: patch.setattr(inbox, "deliver", killed),
    "while it is delivered": lambda patch: patch.setattr("warehouse.files.sync", killed),
    "before it is in the ledger": lambda patch: patch.setattr(ledger, "commit", killed),
    "before it leaves the inbox": lambda patch: patch.setattr("warehouse.landing.archive.take_away", killed),
    "before its words are in the vault": lambda patch: patch.setattr(visit_notes, "take_in", killed),
    "while its words go into the vault": lambda patch: patch.setattr(visit_notes, "_note", killed),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_after_it_was_kept_nothing_is_lost_or_told_twice(
    home: Home, silent: Progress, step: str
) -> None:
    one = entry()
    journal.write(home, one)
    with pytest.MonkeyPatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(Killed):
            book(home).record(one) if "deliver" in step else land.land(home, silent)
    land.land(home, silent)
    assert landed(home) == [one.number]
    assert noted(home) == [(one.number, 111, "docente", CANARY)]
    assert list(home.inbox.iterdir()) == []


def test_killed_before_it_was_kept_there_is_none(home: Home) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warehouse.files._take_place", killed)
        with pytest.raises(Killed):
            book(home).record(entry())
    assert read(home) == []
    assert list(home.inbox.iterdir()) == []
    assert holding(home, CANARY) == []


def test_a_damaged_or_cut_entry_harms_no_other_and_is_named(home: Home, silent: Progress) -> None:
    good, cut, damaged = (entry(note=f"{CANARY} {n}") for n in range(3))
    for one in (good, cut, damaged):
        journal.write(home, one)
    for one, change in ((cut, lambda held: held[:-9]), (damaged, lambda held: held[:-9] + bytes(9))):
        path = journal.path_of(home, one.number)
        path.write_bytes(change(path.read_bytes()))
    (home.visits / "1111111111111111.age").write_bytes(b"")
    assert [found.number for found in book(home).entries()] == [good.number]
    land.land(home, silent)
    assert landed(home) == [good.number]
    said = qhawaq(home.root, "verify", expect=1)
    for one in (cut.number, damaged.number, "1111111111111111"):
        assert f"{one}.age" in said.stdout + said.stderr


def _record(root: str, number: int) -> None:
    home = Home(Path(root))
    for _ in range(10):
        book(home).record(entry(number))


@pytest.mark.parametrize("kind", ["real", "synthetic"])
def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path, silent: Progress, kind: str) -> None:
    home = Home(tmp_path / kind)
    home.claim(kind)
    if kind == "synthetic":
        home.synthetic.write_text(json.dumps({"sha256": []}))
    keys.load(home.secrets)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_record, args=(str(home.root), number)) for number in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(book(home).entries()) == 20
    if kind == "synthetic":
        assert len(synthetic.noted(home)) == 20
    land.land(home, silent)
    assert len(landed(home)) == len(noted(home)) == 20


def test_what_was_read_is_read_again_only_where_it_changed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, opened = book(home), []
    reading = journal.read
    monkeypatch.setattr(journal, "read", lambda path, secret: opened.append(path.name) or reading(path, secret))
    for number in (1, 2, 3):
        reader.record(entry(number))
        assert len(reader.entries()) == len(opened) == number
    assert all(one.note == "" for one in reader.known.values())  # no words stay in memory


def test_after_its_time_it_goes_once_the_vault_and_the_ledger_have_it(home: Home, silent: Progress) -> None:
    old, young = entry(days_ago=36), entry(days_ago=34)
    for one in (old, young):
        journal.write(home, one)
    land.land(home, silent)
    assert [one.number for one in read(home)] == [young.number]
    assert sorted(number for number, *_ in noted(home)) == sorted([old.number, young.number])
    assert len(landed(home)) == 2


def test_what_a_restored_backup_lacks_of_its_inbox_is_delivered_again(
    home: Home, silent: Progress, tmp_path: Path
) -> None:
    """No backup holds an inbox: what waited there is in the journal."""
    first = entry()
    book(home).record(first)
    land.land(home, silent)
    second = entry(222)
    book(home).record(second)
    qhawaq(home.root, "--quiet", "backup", "--to", str(tmp_path / "backups"))
    (backup,) = (path for path in (tmp_path / "backups").iterdir() if path.is_dir())
    again = Home(tmp_path / "again")
    qhawaq(again.root, "--quiet", "restore", str(backup))
    again.secrets.mkdir(mode=0o700, exist_ok=True)
    (again.secrets / keys.OWN).write_bytes((home.secrets / keys.OWN).read_bytes())
    (again.secrets / keys.OWN).chmod(0o600)
    land.land(again, silent)
    assert landed(again) == sorted([first.number, second.number])
    assert len(noted(again)) == 2


def test_it_opens_with_another_secret_after_that_was_replaced(home: Home, silent: Progress) -> None:
    one, two = entry(), entry(222)
    book(home).record(one)
    land.land(home, silent)
    qhawaq(home.root, "--quiet", "rotate-secret")
    book(home).record(two)
    assert {found.number for found in book(home).entries()} == {one.number, two.number}
    assert {found.note for found in read(home)} == {CANARY}
    land.land(home, silent)
    assert len(noted(home)) == 2


FORMS = st.builds(
    visits.VisitForm,
    matter=st.sampled_from(["interruption:2025", "long_absence:2024"]),
    outcome=st.sampled_from(list(visits.visit_form.words.outcomes())),
    on=st.dates(visits.visit_form.FIRST_DAY, visits.clock.today()).map(str),
    given=st.sampled_from(["", *visits.visit_form.words.supports()]),
    dismissal=st.sampled_from(["", *visits.visit_form.words.of_cases("dismissal")]),
    next_step=st.sampled_from(["", *visits.visit_form.words.of_cases("next_step")]),
    answer=st.dictionaries(
        st.sampled_from(list(visits.visit_form.words.supports())),
        st.sampled_from(list(visits.visit_form.words.of_cases("answer"))),
    ).map(lambda answers: [f"{service}:{said}" for service, said in answers.items()]),
)


@given(FORMS)
def test_a_visit_is_read_back_as_it_was_typed(form: visits.VisitForm) -> None:
    """Whoever corrects it sees it so, and changes nothing by sending it again."""
    assert form.errors(["interruption:2025", "long_absence:2024"]) == {}
    place = visits.Place("1", "150101", "2" * 16, visits.clock.today())
    rows = visits.visit_form.rows(form, place)
    back = visits.visit_form.typed(rows[0]).model_copy(update={"given": form.given})
    assert visits.visit_form.rows(back, place) == rows


@given(st.lists(FORMS, min_size=20, max_size=20), st.text(max_size=50))
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
def test_every_form_without_errors_lands_whole(
    tmp_path_factory: pytest.TempPathFactory, forms: list[visits.VisitForm], note: str
) -> None:
    home = Home(tmp_path_factory.mktemp("forms") / "home")
    home.claim("real")
    recorded = [entry(number, form=form, note=note) for number, form in enumerate(forms, 1)]
    for one in recorded:
        book(home).record(one)
    outcomes = land.land(home, Progress(quiet=True))
    assert [(one.status, one.quarantined_rows) for one in outcomes] == [("landed", 0)] * len(forms)
    assert len(landed(home)) == sum(len(one.rows) for one in recorded)


def test_other_senders_files_of_before_still_land(home: Home, silent: Progress) -> None:
    path = home.inbox / "SEGUIMIENTO_CASOS_2025_20251201.csv"
    path.write_text(
        "ANIO,COD_UGEL,NINO,ASUNTO,ESTADO,FECHA,SERVICIO,MOTIVO\n2025,150101,1,INTERRUPTION,ASIGNADO,2025-11-01,,\n"
    )
    (outcome,) = land.land(home, silent)
    assert (outcome.status, outcome.accepted_rows) == ("landed", 1)
    wrong = home.inbox / "SEGUIMIENTO_CASOS_2025_20251202.csv"
    wrong.write_text(
        "ANIO,COD_UGEL,NINO,ASUNTO,ESTADO,FECHA,SERVICIO,MOTIVO,RESULTADO,ACEPTADOS,PROXIMA_FECHA\n"
        "2025,150101,1,INTERRUPTION,CONTACTADO,2025-11-01,,,VISTO,,\n"
        "2025,150101,2,INTERRUPTION,CONTACTADO,2025-11-01,,,ENCONTRADO,TUTOR;VISITA,\n"
        "2025,150101,3,INTERRUPTION,CONTACTADO,2025-11-01,,,ENCONTRADO,TUTOR VISITA,2025-10-31\n"
        "2025,150101,4,INTERRUPTION,CONTACTADO,2025-11-01,,,encontrado,TUTOR VISITA,2025-11-01\n"
    )
    (outcome,) = land.land(home, silent)
    assert (outcome.accepted_rows, outcome.quarantined_rows) == (1, 3)


def test_what_is_kept_is_found_by_the_time_of_its_folder(home: Home) -> None:
    """Where the folder has not changed for long, nothing is looked at again; a change of any age is seen."""
    reader = book(home)
    reader.record(entry())
    assert len(reader.entries()) == 1
    time.sleep(2.1)
    assert len(reader.entries()) == len(reader.entries()) == 1
    book(home).record(entry(2))
    assert len(reader.entries()) == 2
