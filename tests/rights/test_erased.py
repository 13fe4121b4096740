"""Erased means erased: a later delivery is a new child without a past, an objection stands, and anybody can repeat the proof."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import database, keys
from warehouse.publish import releases
from warehouse.settings import Home

WHY = ("--reason", "Solicitud de la familia por escrito", "--who", "mesa de partes")
DOCUMENT = "71234560"


def in_vault(home: Home, sql: str) -> list[tuple]:
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return db.execute(sql).fetchall()


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def key_of(home: Home, document: str = DOCUMENT) -> int:
    return int(in_vault(home, f"select child_key from vault.aliases where value = '{document}'")[0][0])


def land(home: Home, name: str, **changes: str) -> None:
    deliver(home, name, samples.enrollment(**changes))
    qhawaq(home.root, "--quiet", "land")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with three pupils, a backup beside it; nobody may change it."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    home.claim("real")
    land(home, samples.ENROLLMENT)
    qhawaq(home.root, "--quiet", "backup", "--to", str(home.root.with_name("backups")))
    return home


@pytest.fixture
def landed(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path / "own")


def copied(home: Home, to: Path) -> Home:
    """Copy a home with its backups."""
    shutil.copytree(home.root.parent, to)
    own = Home(to / "home")
    own.backed_up.write_text(json.dumps([str(to / "backups")]))
    return own


@pytest.fixture(scope="module")
def without(made: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same without the pupil of `DOCUMENT`."""
    home = copied(made, tmp_path_factory.mktemp("without") / "own")
    erase(home, key_of(home))
    return home


@pytest.fixture
def erased(without: Home, tmp_path: Path) -> Home:
    return copied(without, tmp_path / "own")


def erase(home: Home, child: int) -> str:
    return qhawaq(home.root, "--quiet", "subject", "erase", str(child), *WHY, "--yes").stdout


@pytest.mark.parametrize("times", [1, 2])
def test_a_later_delivery_of_an_erased_person_is_a_new_child(landed: Home, times: int) -> None:
    former = set()
    for number, language in enumerate(("QUECHUA", "AIMARA")[:times]):
        child = key_of(landed)
        former.add(child)
        erase(landed, child)
        assert in_vault(landed, f"select count(*) from vault.aliases where value = '{DOCUMENT}'") == [(0,)]
        land(landed, samples.ENROLLMENT.replace("20240329", f"2024050{number + 1}"), DSC_LENGUA=language)
    again = key_of(landed)
    assert len(former) == times
    assert again not in former
    assert ask(landed, f"select count(*) from raw.siagie_enrollments where child_key = {again}") == [(1,)]
    listed = ", ".join(map(str, former))
    assert ask(landed, f"select count(*) from raw.siagie_enrollments where child_key in ({listed})") == [(0,)]
    assert ask(landed, "select count(distinct child_key) from raw.siagie_enrollments") == [(3,)]


@pytest.mark.parametrize(
    ("said", "stands"), [((), []), (("",), [False]), (("", "--withdraw"), []), (("", "--withdraw", ""), [False])]
)
def test_an_objection_stands_for_the_new_key(landed: Home, said: tuple[str, ...], stands: list[bool]) -> None:
    child = key_of(landed)
    for option in said:
        qhawaq(landed.root, "subject", "oppose", str(child), *WHY, *filter(None, [option]))
    erase(landed, child)
    assert ask(landed, "select count(*) from raw.objections") == [(0,)]
    for day, language in (("20240501", "QUECHUA"), ("20240601", "AIMARA")):  # noted once
        land(landed, samples.ENROLLMENT.replace("20240329", day), DSC_LENGUA=language)
    again = key_of(landed)
    assert ask(landed, "select child_key, is_withdrawn from raw.objections") == [(again, said) for said in stands]


def test_an_objection_stands_though_only_the_document_comes_again(landed: Home) -> None:
    """First the pupil comes under a number that nobody had; the document that tells who it is comes later."""
    child = key_of(landed)
    qhawaq(landed.root, "subject", "oppose", str(child), *WHY)
    erase(landed, child)
    land(landed, samples.ENROLLMENT.replace("20240329", "20240501"), ID_PERSONA="9777", N_DOC="", TIPO_DOC="")
    assert ask(landed, "select count(*) from raw.objections") == [(0,)]
    land(landed, samples.ENROLLMENT.replace("20240329", "20240601"), ID_PERSONA="9777")
    assert ask(landed, "select child_key, is_withdrawn from raw.objections") == [(key_of(landed), False)]


def test_a_family_that_withdraws_has_said_so_for_good(landed: Home) -> None:
    child = key_of(landed)
    qhawaq(landed.root, "subject", "oppose", str(child), *WHY)
    erase(landed, child)
    land(landed, samples.ENROLLMENT.replace("20240329", "20240501"), DSC_LENGUA="QUECHUA")
    qhawaq(landed.root, "subject", "oppose", str(key_of(landed)), *WHY, "--withdraw")
    land(landed, samples.ENROLLMENT.replace("20240329", "20240601"), DSC_LENGUA="AIMARA")
    assert ask(landed, "select is_withdrawn from raw.objections order by request_number") == [(False,), (True,)]


def prove(home: Home, child: int, *more: str, code: int = 0) -> str:
    with mock.patch("click.termui.hidden_prompt_func", return_value=DOCUMENT):
        return qhawaq(home.root, "--quiet", "subject", "prove", str(child), *WHY, *more, expect=code).stdout


def test_an_auditor_repeats_the_proof(made: Home, erased: Home) -> None:
    child, backups = key_of(made), erased.root.with_name("backups")
    said = prove(erased, child, "--backups", str(backups), "--document")
    assert "nothing else holds the person" in said
    assert "keyed hashes answer whether somebody was erased" in said
    assert "older" in said
    assert DOCUMENT not in said
    (backups / "loose.txt").write_text(f"niño {child}")
    assert "loose.txt" in prove(erased, child, "--backups", str(backups), code=1)
    (backups / "loose.txt").unlink()
    erased.backed_up.unlink()  # else whatever command comes next tells them again
    (backups / "erased.json").unlink()
    assert "does not list the key" in prove(erased, child, "--backups", str(backups), code=1)
    erased.erased.unlink()
    assert "lists no person" in qhawaq(erased.root, "subject", "prove", str(child), *WHY, expect=1).stderr


@pytest.mark.parametrize("planted", ["serving", "report", "table", "document", "zipped", "utf-16"])
def test_the_proof_finds_what_is_left(made: Home, erased: Home, planted: str) -> None:
    child = key_of(made)
    if planted == "serving":
        (erased.serving / "education").mkdir(parents=True)
        with duckdb.connect(str(erased.serving / "education" / "left.duckdb")) as db:
            db.execute(f"create table priority_list as select '{child}' as child_key")
    elif planted == "report":
        (erased.root / "report.html").write_text(f"<td>{child}</td>")
    elif planted == "table":
        with duckdb.connect(str(erased.warehouse)) as db:
            db.execute(f"insert into raw.objections values (1, {child}, false, current_date)")
    elif planted == "zipped":
        (erased.root / "note.gz").write_bytes(gzip.compress(f"documento {DOCUMENT}".encode()))
    else:
        (erased.root / "note.txt").write_text(f"documento {DOCUMENT}.", "utf-16" if planted == "utf-16" else "utf-8")
    assert "FOUND" in prove(erased, child, "--document", code=1)


def test_what_stays_is_named(made: Home, erased: Home) -> None:
    child = key_of(made)
    assert json.loads(erased.erased.read_text()).keys() == {str(child)}
    held = in_vault(erased, "select child_key, is_objecting from vault.retired")
    assert (child, False) in held
    assert len(held) == 2  # of the document, by which the key was made, and of the pupil's number


class CutOff(BaseException):
    """The process ends here."""


def test_backups_are_told_of_an_erasure_that_was_cut_off(landed: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command that writes tells them: an older backup would bring the person back."""
    child, backups = key_of(landed), landed.root.with_name("backups")

    def end(*_: object) -> None:
        raise CutOff

    with monkeypatch.context() as patch:
        patch.setattr(releases, "forget_erased", end)
        with pytest.raises(CutOff):
            erase(landed, child)
    assert json.loads((backups / "erased.json").read_text()) == {}
    qhawaq(landed.root, "--quiet", "land")
    assert json.loads((backups / "erased.json").read_text()).keys() == {str(child)}


def test_nobody_scores_or_lists_by_the_key_of_an_erased_person(made: Home, erased: Home) -> None:
    """Closed dates hold its rows still; `int_children__objections` leaves it out of scores and lists."""
    listed = "select child_key from raw.erased_persons"
    assert ask(erased, listed) == [(key_of(made),)]
    with duckdb.connect(str(erased.warehouse)) as db:
        db.execute("delete from raw.erased_persons")  # of a home in which former code erased somebody
    qhawaq(erased.root, "--quiet", "land")
    assert ask(erased, listed) == [(key_of(made),)]


@pytest.mark.parametrize("how", ["not there", "damaged", "a file"])
def test_no_command_waits_for_a_folder_of_backups(erased: Home, how: str) -> None:
    """Only the erasure itself names a folder that could not be told."""
    backups = erased.root.with_name("backups")
    (backups / "erased.json").unlink()
    if how == "damaged":
        (backups / "erased.json").write_text("{")
    else:
        shutil.rmtree(backups)
    if how == "a file":
        backups.write_text("")
    qhawaq(erased.root, "--quiet", "land")
    assert (
        str(backups) in qhawaq(erased.root, "subject", "erase", str(key_of(erased, "71234561")), *WHY, "--yes").stderr
    )
