"""Every broken file is refused by name, or its bad lines are quarantined; nothing is read wrongly in silence."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pytest

from tests.conftest import deliver
from tests.landing import samples
from tests.landing.samples import ATTENDANCE, CONTRACTS, HEADER, ROWS, attendance
from warehouse import database
from warehouse.deliveries import DeliveryRefused
from warehouse.landing import bytescan, intake
from warehouse.landing.check import check
from warehouse.landing.land import land
from warehouse.landing.staging import stage

GOOD = attendance().encode()
SWAPPED = "MES|ID_ANIO|" + HEADER.split("|", 2)[2]
SWAPPED_ROWS = ["|".join([r.split("|")[1], r.split("|")[0], r.split("|", 2)[2]]) for r in ROWS]


def flipped(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[len(packed) // 2] ^= 0x10
    return bytes(packed)


REFUSED = {
    "empty": (ATTENDANCE, b"", "the file is empty"),
    "header only": (ATTENDANCE, (HEADER + "\n").encode(), "a header only"),
    "missing column": (ATTENDANCE, attendance(header=HEADER.replace("|TARDANZAS", "")).encode(), "missing: tardanzas"),
    "renamed column": (ATTENDANCE, GOOD.replace(b"FALTAS_INJ", b"INASIST_INJ"), "not in the contract: inasist_inj"),
    "extra column": (ATTENDANCE, GOOD.replace(b"TARDANZAS\n", b"TARDANZAS|NOTA\n"), "unknown at position 11"),
    "duplicated column": (ATTENDANCE, GOOD.replace(b"|ANEXO|", b"|MES|"), "twice: mes"),
    "wrong separator": (ATTENDANCE, GOOD.replace(b"|", b";"), "no header separated by '|'"),
    "no header": (ATTENDANCE, "\n".join(ROWS).encode() + b"\n", "line 1 is no header"),
    "title line": (ATTENDANCE, b"MINISTERIO|DE|EDUCACION\n" + GOOD, "line 1 is no header"),
    "UTF-16": (ATTENDANCE, attendance().encode("utf-16"), "UTF-16"),
    "50 MB field": (ATTENDANCE, GOOD + b"2024|3|" + b"x" * 50_000_000 + b"|0|0|0|0|0|0|0\n", "bytes"),
    "lone carriage returns": (ATTENDANCE, GOOD.replace(b"\n", b"\r"), "carriage return"),
    "damaged gzip": (ATTENDANCE + ".gz", flipped(GOOD * 50), "damaged or cut"),
    "cut gzip": (ATTENDANCE + ".gz", gzip.compress(GOOD * 50)[:-9], "damaged or cut"),
    "gzip named txt": (ATTENDANCE, gzip.compress(GOOD), "lacks"),
    "text named gz": (ATTENDANCE + ".gz", GOOD, "ends in .gz"),
    "gzip bomb": (ATTENDANCE + ".gz", gzip.compress(GOOD + b"2024|3|\n" * (10 << 20)), "bomb"),
    "unknown name": ("notas finales.txt", GOOD, "name"),
    "unknown stem": ("NOTAS_2024_20240410.txt", GOOD, "unknown file name"),
    "impossible date in name": ("SIAGIE_ASISTENCIA_202403_20241340.txt", GOOD, "unknown file name"),
    "path tricks": ("%2e%2e%2fetc.txt", GOOD, "characters other than"),
}


@contextmanager
def staged(db, home, name, content, encoding="latin-1") -> Iterator[tuple[tuple[int, int], duckdb.DuckDBPyConnection]]:
    """Read a delivery as landing does; yield (accepted, quarantined) and where `typed` and `faults` are."""
    delivery = intake.recognize(deliver(home, name, content, encoding), CONTRACTS)
    counts = stage(db, delivery, bytescan.scan(delivery.path, delivery.contract.separator))
    assert counts.left_out == ()
    yield (counts.accepted, counts.quarantined), db


@pytest.mark.parametrize("case", REFUSED)
def test_refused_whole(home, silent, case):
    name, content, expected = REFUSED[case]
    with pytest.raises(DeliveryRefused) as refusal:
        check(deliver(home, name, content), silent)
    assert expected in str(refusal.value)
    assert not any(row.split("|")[5] in str(refusal.value) for row in ROWS), "a reason never holds a value"


# One for each place at which it is seen: its name, its bytes, its header, its end, its rows.
@pytest.mark.parametrize("case", ["unknown name", "UTF-16", "renamed column", "cut gzip", "header only"])
def test_a_refused_file_is_in_ledger_and_archive_and_nowhere_else(home, silent, case):
    name, content, expected = REFUSED[case]
    path = deliver(home, name, content)
    (outcome,) = land(home, silent)
    assert outcome.status == "refused"
    assert expected in outcome.reason
    assert not path.exists(), "a refused file goes to the archive"
    assert len(list((home.archive / "refused").iterdir())) == 1
    with database.warehouse(home, read_only=True) as db:
        assert db.execute("select count(*) from raw.siagie_attendance").fetchone() == (0,)
        row = db.execute("select status, reason, delivered_rows, accepted_rows from raw.deliveries").fetchone()
        assert row == ("refused", outcome.reason, None, None)
    assert not any(row.split("|")[5] in outcome.reason for row in ROWS), "a reason never holds a value"


QUARANTINED = {
    "short line": (attendance([*ROWS[:5], "2024|3|150101", *ROWS[5:]]), {7}, 40),
    "long line": (attendance([*ROWS[:5], ROWS[5] + "|1|2", *ROWS[6:]]), {7}, 39),
    "footer": (attendance([*ROWS, "Total: 40"]), {42}, 40),
    "cut in the last line": (attendance()[:-12], {41}, 39),
    "last line without an end": (attendance()[:-1], {41}, 39),
    "NUL byte": (attendance([ROWS[0], ROWS[1].replace("|7001|", "|70\x0001|"), *ROWS[2:]]), {3}, 39),
    "not a number": (attendance([ROWS[0].replace("|20|", "|veinte|"), *ROWS[1:]]), {2}, 39),
    "not a whole number": (attendance([ROWS[0].replace("|20|", "|19.6|"), *ROWS[1:]]), {2}, 39),
    "required value empty": (attendance([ROWS[0].replace("|7000|", "||"), *ROWS[1:]]), {2}, 39),
    "the same key twice": (attendance([*ROWS, ROWS[3]]), {5}, 40),
}


@pytest.mark.parametrize("case", QUARANTINED)
def test_bad_lines_are_quarantined(scratch, home, case):
    content, lines, accepted = QUARANTINED[case]
    with staged(scratch, home, ATTENDANCE, content) as (counts, db):
        assert counts == (accepted, len(lines))
        assert {line for (line,) in db.execute("select line from faults").fetchall()} == lines
        kept = {line for (line,) in db.execute("select _line from typed").fetchall()}
    assert len(kept) == accepted
    assert not kept & lines


@pytest.mark.parametrize("case", ["short line", "cut in the last line", "not a number"])
def test_what_is_quarantined_is_counted_and_kept_apart(home, silent, case):
    content, lines, accepted = QUARANTINED[case]
    deliver(home, ATTENDANCE, content)
    (outcome,) = land(home, silent)
    assert outcome.status == "landed", outcome.reason
    assert (outcome.accepted_rows, outcome.quarantined_rows) == (accepted, len(lines))
    assert outcome.delivered_rows == outcome.accepted_rows + outcome.quarantined_rows
    with database.warehouse(home, read_only=True) as db:
        assert {line for (line,) in db.execute("select line from quarantine.rows").fetchall()} == lines
        kept = {line for (line,) in db.execute("select _line from raw.siagie_attendance").fetchall()}
        assert len(kept) == accepted
        assert not kept & lines


READ_RIGHT = {
    "as agreed": attendance(),
    "columns in another order": attendance(SWAPPED_ROWS, SWAPPED),
    "CR LF": attendance(end="\r\n"),
    "mixed line ends": attendance().replace("\n", "\r\n", 9),
    "blank lines": attendance([*ROWS[:3], "", "", *ROWS[3:]]),
    "byte order mark": "\ufeff" + attendance(),
    "quoted values": attendance([ROWS[0].replace("|7000|", '|"7000"|'), *ROWS[1:]]),
    "a quote that nobody closes": attendance([ROWS[0].replace("|7000|", '|"7000|'), *ROWS[1:]]),
    "whole numbers written 20.0": attendance([r.replace("|20|", "|20.0|") for r in ROWS]),
}


@pytest.mark.parametrize("case", READ_RIGHT)
def test_read_right(scratch, home, case):
    with staged(scratch, home, ATTENDANCE, READ_RIGHT[case], "utf-8") as (counts, db):
        assert counts == (40, 0)
        rows = db.execute(
            "select id_anio, mes, cod_mod, dias_abiertos, faltas_justificadas, faltas_injustificadas "
            "from typed order by _line"
        ).fetchall()
    assert rows == [(2024, 3, f"0{100000 + n % 7}", 20, n % 3, n % 5) for n in range(40)]


@pytest.mark.parametrize("written", ["2014-05-06", "06/05/2014", "06-05-2014", "20140506"])
def test_dates_in_the_formats_that_are_seen(scratch, home, written):
    with staged(scratch, home, samples.ENROLLMENT, samples.enrollment(FECHA_NACIMIENTO=written)) as (_, db):
        born = db.execute("select fecha_nacimiento::varchar from typed where _line = 2").fetchone()
    assert born == ("2014-05-06",)


@pytest.mark.parametrize("written", ["31/02/2014", "2014-13-01", "0214-05-06", "ayer", "2114-05-06"])
def test_impossible_dates_are_quarantined(scratch, home, written):
    with staged(scratch, home, samples.ENROLLMENT, samples.enrollment(FECHA_NACIMIENTO=written)) as (counts, db):
        assert counts == (2, 1)
        found = db.execute("select line, column_name, fault from faults").fetchall()
    assert found == [(2, "fecha_nacimiento", "not_a_date")]


FEEDING = "ALIMENTACION_ESCOLAR_2025_20250402.csv"
MEALS = [f"2025,010000{n},0,QALI WARMA,{n},DESAYUNO" for n in range(5)]


def feeding(rows: list[str]) -> str:
    """Return a year's list of school meals, a format in which quotes enclose values."""
    return "\n".join(["anio,cod_mod,anexo,programa,raciones,modalidad", *rows]) + "\n"


def test_a_line_break_inside_quotes_keeps_line_numbers(scratch, home):
    text = feeding([MEALS[0].replace("QALI WARMA", '"QALI\nWARMA, ""PAE"""'), *MEALS[1:]])
    with staged(scratch, home, FEEDING, text) as (counts, db):
        assert counts == (5, 0)
        rows = db.execute("select _line, programa from typed order by 1 limit 2").fetchall()
    assert rows == [(2, 'QALI\nWARMA, "PAE"'), (4, "QALI WARMA")]


# Lines of quoted values that are wrong → the lines that are quarantined.
QUOTES = {
    "text after a closing quote": ([MEALS[0].replace("QALI WARMA", '"QALI" WARMA'), *MEALS[1:]], {2}),
    "inner quotes": ([MEALS[0].replace("QALI WARMA", '"QALI "W" ARMA"'), *MEALS[1:]], {2}),
    "a quote that nobody closes": ([MEALS[0].replace("QALI", '"QALI'), *MEALS[1:]], {2}),
    "an opening and a closing quote rows apart": (
        [MEALS[0].replace("QALI", '"QALI'), *MEALS[1:3], MEALS[3].replace("WARMA", 'WARMA"'), MEALS[4]], {2, 5},
    ),
    "an opening quote at a line's end": ([MEALS[0] + ',"', *MEALS[1:3], '",' + MEALS[3], MEALS[4]], {2, 5}),
    "an empty column too many": ([MEALS[0] + ",", *MEALS[1:]], {2}),
    "one too many beside quotes": ([MEALS[0] + ",", MEALS[1].replace("QALI WARMA", '"QALI, WARMA"'), *MEALS[2:]], {2}),
    "a column too few beside quotes": ([MEALS[0][:-9], MEALS[1].replace("QALI WARMA", '"QALI, WARMA"'), *MEALS[2:]], {2}),
}  # fmt: skip


@pytest.mark.parametrize("case", QUOTES)
@pytest.mark.parametrize("mixed", [False, True])
def test_quotes_out_of_place_never_pass_in_silence(scratch, home, case, mixed):
    rows, wrong = QUOTES[case]
    text = feeding(rows)
    with staged(scratch, home, FEEDING, text.replace("\n", "\r\n", 1) if mixed else text) as (counts, db):
        assert counts == (5 - len(wrong), len(wrong))
        assert {line for (line,) in db.execute("select line from faults").fetchall()} == wrong
        assert db.execute("select bool_and(raciones = _line - 2) from typed").fetchone() == (True,)


@pytest.mark.parametrize("end", ["|", "||"])
def test_an_empty_column_too_many_is_quarantined(scratch, home, end):
    with staged(scratch, home, ATTENDANCE, attendance([ROWS[0], ROWS[1] + end, *ROWS[2:]])) as (counts, db):
        assert counts == (39, 1)
        assert db.execute("select line, fault from faults").fetchall() == [(3, "more_columns")]


def test_a_refusal_shows_no_cell_that_can_be_a_childs_name(home, silent):
    names = ["ZZCANARIA", "MESA", "ANIA", "MARIO AREA", "70000001"]
    for name in names:
        header = HEADER.replace("|ANEXO|", f"|{name}|")
        with pytest.raises(DeliveryRefused) as refusal:
            check(deliver(home, ATTENDANCE, attendance(header=header)), silent)
        assert "unknown at position 5" in str(refusal.value)
        assert name.lower() not in str(refusal.value).lower()
    twice = HEADER.replace("|ANEXO|TARDANZAS", "").replace("|MES|COD_UGEL|", "|QUISPE|QUISPE|")
    with pytest.raises(DeliveryRefused) as refusal:
        check(deliver(home, ATTENDANCE, attendance(header=twice)), silent)
    assert "quispe" not in str(refusal.value).lower()


def test_a_file_still_being_written_is_left(home, silent, monkeypatch):
    path = home.inbox / ATTENDANCE
    path.write_bytes(GOOD)
    (home.inbox / "SIAGIE_ASISTENCIA_202404_20240510.txt.part").write_bytes(GOOD)
    monkeypatch.setattr(intake, "SETTLE_SECONDS", 2.0)
    monkeypatch.setattr("warehouse.landing.intake.time.sleep", lambda _: path.write_bytes(GOOD + b"2024"))
    assert land(home, silent) == []
    assert path.exists()


def test_a_file_copied_just_now_lands(home, silent):
    (home.inbox / ATTENDANCE).write_bytes(GOOD)
    assert [outcome.status for outcome in land(home, silent)] == ["landed"]


def test_a_link_is_never_followed(home, silent, tmp_path):
    secret = tmp_path / "elsewhere.txt"
    secret.write_bytes(GOOD)
    (home.inbox / ATTENDANCE).symlink_to(secret)
    import os

    os.utime(home.inbox / ATTENDANCE, (1, 1), follow_symlinks=False)
    (outcome,) = land(home, silent)
    assert outcome.status == "refused"
    assert "not a regular file" in outcome.reason
    assert secret.exists()
