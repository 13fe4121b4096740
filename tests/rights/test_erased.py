"""Erased means erased: a later delivery is a new child without a past, an objection stands, and anybody can repeat the proof."""

from __future__ import annotations

import json
import shutil
from datetime import date

import duckdb
import pytest

from tests.conftest import qhawaq
from tests.landing import samples
from tests.rights.erasing import DOCUMENT, WHY, ask, erase, in_vault, key_of, land, prove
from warehouse import database
from warehouse.publish import releases
from warehouse.rights import retention
from warehouse.settings import DBT_PROJECT, Home


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


def test_what_stays_is_named(made: Home, erased: Home) -> None:
    child = key_of(made)
    assert json.loads(erased.erased.read_text()).keys() == {str(child)}
    held = in_vault(erased, "select child_key, is_objecting from vault.retired")
    assert (child, False) in held
    assert len(held) == 2  # of the document, by which the key was made, and of the pupil's number


def test_the_school_record_stays_and_tells_nobody(made: Home, erased: Home) -> None:
    child = key_of(made)
    (row,) = ask(erased, "select child_key, source, record, why from raw.kept_by_law")
    assert row[:2] == (child, "siagie.siagie_enrollments")
    record = json.loads(row[2])
    assert (record["id_anio"], record["cod_mod"], record["id_grado"]) == (2024, "0100001", 7)
    assert not {"id_persona", "n_doc", "nombres", "fecha_nacimiento"} & record.keys()
    assert "registro oficial" in row[3]
    assert "the law has a school keep this record" in prove(erased, child)
    raw = "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = 'child_key'"
    for (table,) in ask(erased, raw):  # no model reads the table of what is kept, and no other one holds the child
        held = ask(erased, f"select count(*) from raw.{table} where child_key = {child}") != [(0,)]
        assert held == (table in ("kept_by_law", "erased_persons"))
    land(erased, samples.ENROLLMENT.replace("20240329", "20240501"), DSC_LENGUA="QUECHUA")
    counted = "select count(*), count(distinct child_key) from raw.siagie_enrollments where _file like '%20240501%'"
    assert ask(erased, counted) == [(3, 3)]  # of the period each child once, the erased one under its new key
    again = key_of(erased)
    assert again != child
    erase(erased, again)
    assert ask(erased, "select count(distinct child_key) from raw.kept_by_law") == [(2,)]


def test_the_school_record_goes_with_its_delivery(erased: Home) -> None:
    known, today = list(samples.CONTRACTS.values()), date(2038, 1, 1)
    assert ask(erased, "select count(*) from raw.kept_by_law") == [(1,)]
    with database.warehouse(erased) as db:
        retention.delete_rows(db, retention.expired(db, known, today), known, today)
    assert ask(erased, "select count(*) from raw.kept_by_law") == [(0,)]


def test_no_model_reads_what_the_law_keeps() -> None:
    for path in (DBT_PROJECT / "models").rglob("*"):
        assert path.is_dir() or "kept_by_law" not in path.read_text() or path.name.endswith("__sources.yml")
    assert {one.table for one in samples.CONTRACTS.values() if one.kept_by_law} == {
        "siagie_enrollments",
        "siagie_grades",
    }


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
