"""Who is who: documents that are nobody's, lost zeros, and two people under one key, each with its stated outcome."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.cases.landed import Landed, files, land_case, land_files
from tests.landing import samples
from warehouse.errors import QhawaqError
from warehouse.identity.people import SAME_PERSON
from warehouse.progress import Progress
from warehouse.publish import decisions
from warehouse.rights import deciding, parting
from warehouse.rights.subject import Request
from warehouse.settings import Home

HOUSEHOLDS = "JUNTOS_PADRON_2024_20240415.txt"
FIRST, SECOND = "SIAGIE_MATRICULA_2024_20240329.txt", "SIAGIE_MATRICULA_2024_20240728.txt"
SISTER, BROTHER = "39000071", "39000072"
TODAY = date(2024, 8, 1)
COLUMNS = [column.name.upper() for column in samples.CONTRACTS["siagie_enrollments"].columns]


def pupils(*rows: dict[str, str]) -> bytes:
    """Return an enrollment file of pupils whose columns are as usual where nothing else is said."""
    usual = samples.enrollment().splitlines()[1].split("|")
    lines = ["|".join((dict(zip(COLUMNS, usual, strict=True)) | row).values()) for row in rows]
    return ("\n".join(["|".join(COLUMNS), *lines]) + "\n").encode("latin-1")


def pupil(number: int, document: str, given: str = "ROSA", born: str = "2014-05-06", **more: str) -> dict[str, str]:
    """Return what a pupil's row says beside the usual."""
    return {"ID_PERSONA": str(number), "N_DOC": document, "NOMBRES": given, "FECHA_NACIMIENTO": born} | more


def people(landed: Landed) -> int:
    """Return how many people the rows of enrollments are of, now."""
    ((n,),) = landed.in_vault(
        "select count(distinct coalesce(m.merged_into, e.child_key)) from vault.siagie_enrollments as e "
        f"left join {SAME_PERSON} as m on m.child_key = e.child_key"
    )
    return int(n)


def test_rows_without_a_document_stay_apart(home: Home) -> None:
    landed = land_case(home, "rows-without-document-collapse")
    assert landed.counts(HOUSEHOLDS) == ("landed", 1, 20)
    assert landed.quarantined() == [(line, "n_doc", "required") for line in range(2, 22)]


def test_a_document_that_is_nobodys_merges_no_children(home: Home) -> None:
    landed = land_case(home, "dummy-document-merges-children")
    assert landed.ask("select count(*), count(distinct child_key) from raw.siagie_enrollments") == [(170, 170)]
    assert people(landed) == 170
    assert landed.in_vault("select count(*) from vault.aliases where value = '00000000'") == [(0,)]


def test_numbers_that_are_typed_where_there_is_no_document(home: Home) -> None:
    numbers = [*(str(digit) * 8 for digit in range(10)), "12345678", "0", "1", "123", "x", "S/N"]
    rows = [pupil(10 * n + of, number, "ROSA") for n, number in enumerate(numbers) for of in range(2)]
    landed = land_files(home, [(FIRST, pupils(*rows, pupil(998, "01234567"), pupil(999, "12345679")))])
    assert people(landed) == len(rows) + 2
    assert landed.in_vault("select value from vault.aliases where kind = 'dni' order by 1") == [
        ("01234567",),
        ("12345679",),
    ]


def test_a_guardians_document_that_is_nobodys_makes_no_siblings(home: Home) -> None:
    rows = [pupil(n, f"7000000{n}", APODERADO_N_DOC=text) for n, text in enumerate(["00000000", "00000000", " 4012345", "04012345"])]  # fmt: skip
    landed = land_files(home, [(FIRST, pupils(*rows))])
    keys = [key for (key,) in landed.ask("select guardian_key from raw.siagie_enrollments order by _line")]
    assert keys[:2] == [None, None]
    assert keys[2] == keys[3] is not None


@pytest.mark.parametrize(
    ("second", "n_people"),
    [
        (("ANA", "2009-01-02"), 2),  # another name and another date of birth
        (("ROSSA", "2014-06-05"), 1),  # misspelt, and the day taken for the month
        (("ANA", "2014-05-06"), 1),  # twins, or a slip: one person until something more is known
        (("ROSA", "2009-01-02"), 1),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_document_of_two_different_people_makes_them_not_one(
    home: Home, second: tuple[str, str], n_people: int, together: bool
) -> None:
    rows = [pupil(1, "70000001"), pupil(2, "70000001", *second)]
    sent = [(FIRST, pupils(*rows))] if together else [(FIRST, pupils(rows[0])), (SECOND, pupils(rows[1]))]
    assert people(land_files(home, sent)) == n_people


@pytest.mark.parametrize(("n_names", "n_people"), [(3, 1), (4, 4)])
def test_one_number_for_many_children_is_nobodys(home: Home, n_names: int, n_people: int) -> None:
    given = ["ROSA", "LUIS", "ANA", "JOSE"][:n_names]
    landed = land_files(home, [(FIRST, pupils(*(pupil(n, "70000001", name) for n, name in enumerate(given))))])
    assert people(landed) == n_people


def test_a_document_without_its_zero_is_the_same_person(home: Home) -> None:
    landed = land_case(home, "dni-without-leading-zero")
    ((child,),) = landed.ask("select child_key from raw.siagie_enrollments")
    assert landed.ask("select child_key, clase from raw.midis_sisfoh") == [(child, "POBRE EXTREMO")]


def test_a_document_however_it_is_written(home: Home) -> None:
    written = ["1234567", " 01234567", "01234567\u00a0", "0123 4567", "1234567.0", "01234567-3", "'01234567"]
    kinds = ["DNI", "dni", " Dni ", "D.N.I."]
    rows = [pupil(n, text, TIPO_DOC=kinds[n % len(kinds)]) for n, text in enumerate(written)]
    landed = land_files(home, [(FIRST, pupils(*rows))])
    assert people(landed) == 1
    assert landed.in_vault("select value from vault.aliases where kind = 'dni'") == [("01234567",)]


def test_a_brother_with_his_sisters_document_is_parted_when_it_is_put_right(home: Home) -> None:
    march, july = [path for path in files("twin-document-slip") if "MATRICULA" in path.name]
    months = [path for path in files("twin-document-slip") if "ASISTENCIA" in path.name]
    landed = land_files(home, [(path.name, path.read_bytes()) for path in (march, *months)])
    assert people(landed) == 1
    landed = land_files(home, [(july.name, july.read_bytes())])
    assert people(landed) == 2
    ((sister, brother),) = landed.in_vault(
        f"select any_value(child_key) filter (value = '{SISTER}'), any_value(child_key) filter (value = '{BROTHER}') "
        "from vault.aliases"
    )
    assert landed.ask("select * from raw.child_merges") == [(brother, sister, date(2024, 3, 29), date(2024, 7, 28))]
    absences = dict(landed.ask("select child_key, faltas_injustificadas from raw.siagie_attendance"))
    assert absences == {sister: 0, brother: 12}, "each has its own month, also the one that came before"
    documents = dict(landed.in_vault("select value, child_key from vault.aliases where kind = 'dni'"))
    assert documents == {"78000071": sister, "78000072": brother}


def test_a_document_put_right_parts_no_child_from_its_own_second_number(home: Home) -> None:
    landed = land_files(home, [(FIRST, pupils(pupil(1, "70000001"), pupil(2, "70000001")))])
    landed = land_files(home, [(SECOND, pupils(pupil(2, "70000002")))])
    assert people(landed) == 1
    assert landed.ask("select count(*) from raw.child_merges where known_until is not null") == [(0,)]


def test_a_later_slip_merges_nobody_who_has_a_document(home: Home) -> None:
    landed = land_files(home, [(FIRST, pupils(pupil(1, "70000001"), pupil(2, "70000002", "LUIS")))])
    landed = land_files(home, [(SECOND, pupils(pupil(2, "70000001", "LUIS")))])
    assert people(landed) == 2
    assert landed.ask("select count(*) from raw.child_merges") == [(0,)]


def test_a_person_parts_two_people(home: Home) -> None:
    landed = land_files(home, [(FIRST, pupils(pupil(1, "70000001"), pupil(2, "70000001", "LUIS")))])
    ((given_up, kept),) = landed.ask("select child_key, merged_into from raw.child_merges")
    request = Request(kept, "part", "tests", "La madre trajo ambas partidas")
    assert parting.part(home, request, TODAY) == (given_up, kept)
    assert people(landed) == 2
    assert landed.ask("select known_at, known_until from raw.child_merges") == [(date(2024, 3, 29), TODAY)]
    assert landed.in_vault("select child_key, kind, who, reason from vault.requests") == [
        (kept, "part", "tests", "La madre trajo ambas partidas")
    ]
    again = land_files(home, [(SECOND, pupils(pupil(1, "70000001"), pupil(2, "70000001", "LUIS")))])
    assert people(again) == 2, "what a person has decided no later file takes back"
    with pytest.raises(QhawaqError, match="one person only"):
        parting.part(home, request, TODAY)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_restored_backup_parts_them_again(home: Home, tmp_path: Path, silent: Progress, is_named: bool) -> None:
    rows = [pupil(n, "70000001", name) for n, name in enumerate(["ROSA", "LUIS", "ROSA"])]
    landed = land_files(home, [(FIRST, pupils(*rows))])
    pairs = landed.ask("select child_key, merged_into from raw.child_merges order by 1")
    older = Home(shutil.copytree(home.root, tmp_path / "older"))
    parting.part(home, Request(pairs[0][1], "part", "tests", "Son dos personas distintas"), TODAY, other=pairs[1][0])
    (decided,) = decisions.read(home.decisions)
    decisions.write(older.to_decide, [decided if is_named else replace(decided, detail="")])  # of former code
    deciding.carry_out(older, silent)
    merges = "select * from raw.child_merges order by all"
    with duckdb.connect(str(older.warehouse), read_only=True) as db:
        assert (db.execute(merges).fetchall() == landed.ask(merges)) == is_named
    assert not older.to_decide.exists()
    assert decisions.read(older.decisions)


def test_of_three_keys_it_is_said_who_is_parted(home: Home) -> None:
    rows = [pupil(n, "70000001", name) for n, name in enumerate(["ROSA", "LUIS", "ROSA"])]
    landed = land_files(home, [(FIRST, pupils(*rows))])
    pairs = landed.ask("select child_key, merged_into from raw.child_merges order by 1")
    assert len(pairs) == 2
    request = Request(pairs[0][1], "part", "tests", "Son dos personas distintas")
    with pytest.raises(QhawaqError, match="--other"):
        parting.part(home, request, TODAY)
    assert parting.part(home, request, TODAY, other=pairs[1][0]) == pairs[1]
    assert people(landed) == 2
