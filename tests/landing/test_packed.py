"""The register lands as it is downloaded, and a hostile ZIP is refused in words; no director's name leaves it."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver, examples, qhawaq
from tests.landing import padron
from warehouse.deliveries import Fault
from warehouse.landing import land, packed
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import Home

NAME = "Padron_web_20241122.zip"
CODES = ("0305615", "0324053", "1055680")
SCHOOLS = [padron.school(code) for code in CODES]


def landed(home: Home, content: bytes, name: str = NAME) -> Outcome:
    deliver(home, name, content)
    (outcome,) = land.land(home, Progress(quiet=True))
    return outcome


def refused(home: Home, content: bytes) -> Fault:
    outcome = landed(home, content)
    assert (outcome.status, outcome.accepted_rows) == ("refused", None), outcome
    assert outcome.refusal
    assert padron.DIRECTOR not in (outcome.reason or "")
    return outcome.refusal.fault


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_the_register_lands_as_it_is_downloaded(home: Home) -> None:
    outcome = landed(home, padron.zipped(Padron_web__dbf=padron.dbf(SCHOOLS), leeme__txt=b"x"))
    assert (outcome.status, outcome.accepted_rows, outcome.quarantined_rows) == ("landed", 3, 0), outcome
    columns = (
        "codmod, cenedu, gestion, consulta_ubigeo, consulta_ugel, estadistica_nivelmodalidad, estadistica_totalalumnos, "
        "estadistica_totaldocentes, estadistica_totalsecciones, codccpp, cast(fechareg as varchar), nlatie, estado"
    )
    first = ask(home, f"select {columns} from raw.escale_schools order by codmod limit 1")
    assert first == [
        ("0305615", "NIÑO JESÚS, DE PRAGA", "Pública de gestión directa", "010101", "010001", "B0", 132, 8, 6,
         "0101010001", "1990-03-01", -6.2294, "Activa"),
    ]  # fmt: skip
    assert ask(home, "select period, cast(delivered_at as varchar) from raw.deliveries") == [("2024", "2024-11-22")]


def test_no_director_leaves_the_zip(home: Home) -> None:
    landed(home, padron.zipped(Padron_web__dbf=padron.dbf(SCHOOLS)))
    for path in (path for path in home.root.rglob("*") if path.is_file()):
        assert padron.DIRECTOR.encode() not in path.read_bytes(), path
    everything = ask(home, "select cast(s as varchar) from raw.escale_schools as s")
    assert not any(padron.DIRECTOR in row for (row,) in everything)


def test_the_sender_s_check_reads_it(home: Home, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(padron.zipped(Padron_web__dbf=padron.dbf(SCHOOLS)))
    assert "would land as escale.escale_schools: 3 of 3 rows" in qhawaq(home.root, "check", str(path)).stdout


@pytest.mark.parametrize("name", ["Padron_web_22112024.zip", "Padron_web_20241122_1.zip"])
def test_a_download_is_known_by_either_order_of_its_date(home: Home, name: str) -> None:
    landed(home, padron.zipped(a__dbf=padron.dbf(SCHOOLS)), name)
    assert ask(home, "select cast(delivered_at as varchar) from raw.deliveries") == [("2024-11-22",)]


def test_the_same_download_twice_is_a_duplicate(home: Home) -> None:
    content = padron.zipped(a__dbf=padron.dbf(SCHOOLS))
    assert landed(home, content).status == "landed"
    assert landed(home, content, "Padron_web_20241129.zip").status == "duplicate"


def test_rows_that_are_deleted_in_the_table_are_no_rows(home: Home) -> None:
    outcome = landed(home, padron.zipped(a__dbf=padron.dbf(SCHOOLS, deleted=2)))
    assert (outcome.delivered_rows, ask(home, "select codmod from raw.escale_schools")) == (1, [("1055680",)])


@pytest.mark.parametrize(
    ("code_page", "encoding"), [(0x02, "cp850"), (0x00, "cp850"), (0x03, "cp1252"), (0x57, "cp1252")]
)
def test_names_are_read_in_the_table_s_own_code_page(home: Home, code_page: int, encoding: str) -> None:
    landed(home, padron.zipped(a__dbf=padron.dbf(SCHOOLS, code_page=code_page, encoding=encoding)))
    assert ask(home, "select distinct cenedu from raw.escale_schools") == [("NIÑO JESÚS, DE PRAGA",)]


def test_a_row_that_cannot_be_true_is_quarantined_alone(home: Home) -> None:
    rows = [*SCHOOLS, padron.school("1055681", TALUMNO="x"), padron.school("1055682", CODGEO="")]
    outcome = landed(home, padron.zipped(a__dbf=padron.dbf(rows)))
    assert (outcome.accepted_rows, outcome.quarantined_rows) == (3, 2)
    assert ask(home, "select line from quarantine.rows order by line") == [(5,), (6,)]


def test_tables_of_other_columns_are_left_aside(home: Home) -> None:
    other = padron.dbf([{"COD_TUR": "11", "D_COD_TUR": "Mañana"}])
    content = padron.zipped(a__dbf=padron.dbf(SCHOOLS[:1]), b__dbf=other, c__DBF=padron.dbf(SCHOOLS[1:]))
    assert landed(home, content).accepted_rows == 3


def test_a_zip_without_the_register_says_what_it_lacks(home: Home) -> None:
    rows = [{name: value for name, value in row.items() if name != "TALUMNO"} for row in SCHOOLS]
    assert refused(home, padron.zipped(a__dbf=padron.dbf(rows))) == Fault.NO_TABLE


@pytest.mark.parametrize("name", ["../a.dbf", "/etc/a.dbf", "C:\\a.dbf", "x/../../a.dbf"])
def test_a_member_that_leads_out_is_refused(home: Home, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as whole:
        whole.writestr(zipfile.ZipInfo(name), padron.dbf(SCHOOLS))
    assert refused(home, content.getvalue()) == Fault.ZIP_PATHS


@pytest.mark.parametrize(("n", "status"), [(packed.MOST_MEMBERS, "landed"), (packed.MOST_MEMBERS + 1, "refused")])
def test_many_members_are_refused(home: Home, n: int, status: str) -> None:
    others = {f"m{number}__txt": b"" for number in range(n - 1)}
    assert landed(home, padron.zipped(a__dbf=padron.dbf(SCHOOLS), **others)).status == status


def test_a_bomb_is_refused_before_it_is_unpacked(home: Home) -> None:
    assert refused(home, padron.zipped(a__dbf=b"\0" * (packed.FREE + 1))) == Fault.ZIP_BOMB


def test_a_member_that_lies_about_its_size_is_refused(home: Home) -> None:
    content = bytearray(padron.zipped(a__dbf=padron.dbf(SCHOOLS * 500)))
    size = struct.pack("<I", len(padron.dbf(SCHOOLS * 500)))
    assert content.count(size) == 2
    assert refused(home, bytes(content.replace(size, struct.pack("<I", 2000)))) in (
        Fault.ZIP_DAMAGED,
        Fault.TABLE_DAMAGED,
    )


def test_a_locked_zip_is_refused(home: Home) -> None:
    content = bytearray(padron.zipped(a__dbf=padron.dbf(SCHOOLS)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    assert refused(home, bytes(content)) == Fault.ZIP_LOCKED


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"no zip at all", padron.zipped()], ids=["empty", "cut", "text", "none"]
)
def test_what_is_no_zip_is_refused(home: Home, content: bytes) -> None:
    assert refused(home, content) in (Fault.ZIP_DAMAGED, Fault.NO_TABLE)


def test_damage_anywhere_is_refused_or_changes_nothing(home: Home) -> None:
    """A flipped byte or a cut end: the ZIP's checksums see it, or it lies in what is not read."""
    content = padron.zipped(a__dbf=padron.dbf(SCHOOLS))
    chance = random.Random(7)
    for number in range(examples(12)):
        broken = bytearray(content)
        broken[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        cut = bytes(broken) if number % 4 else bytes(content[: chance.randrange(len(content))])
        deliver(home, f"Padron_web_20241122_{number}.zip", cut)
    outcomes = land.land(home, Progress(quiet=True))
    assert len(outcomes) == examples(12)
    assert {one.status for one in outcomes} <= {"refused", "landed", "superseded", "duplicate"}
    assert {code for (code,) in ask(home, "select distinct codmod from raw.escale_schools")} <= set(CODES)


@pytest.mark.parametrize("at", [0, 20, 31, 40, 700, 1600])
def test_a_table_that_is_cut_or_no_table_is_refused(home: Home, at: int) -> None:
    assert refused(home, padron.zipped(a__dbf=padron.dbf(SCHOOLS)[:at])) == Fault.TABLE_DAMAGED


def test_a_level_that_is_accepted_comes_back_out_of_the_archived_zip(home: Home, silent: Progress) -> None:
    rows = [*SCHOOLS, padron.school("1055681", NIV_MOD="Z9")]
    assert landed(home, padron.zipped(a__dbf=padron.dbf(rows))).quarantined_rows == 1
    decided = ("escale.escale_schools", "estadistica_nivelModalidad", "Z9", "--why", "a level that is new")
    qhawaq(home.root, "codes", "accept", *decided)
    land.land(home, silent)
    found = ask(home, "select codmod, estadistica_nivelmodalidad from raw.escale_schools order by codmod")
    assert found == [*((code, "B0") for code in CODES), ("1055681", "Z9")]
