"""Anybody can repeat the proof that an erased person is nowhere: packed, encoded, nested or written otherwise."""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import io
import lzma
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import qhawaq
from tests.rights.erasing import DOCUMENT, WHY, copied, key_of, prove
from warehouse.settings import Home


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


def packed(content: bytes) -> bytes:
    with io.BytesIO() as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("xl/worksheets/sheet1.xml", content)
        into.close()
        return file.getvalue()


def in_rows(path: Path, sql: str) -> None:
    """Plant a value in a table of a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute(f"create table t as {sql}")
    elif path.suffix == ".parquet":
        duckdb.connect().execute(f"copy ({sql}) to '{path}' (format parquet)")
    else:
        with duckdb.connect(str(path)) as db:
            db.execute(f"create table t as {sql}")


SAID = f"documento {DOCUMENT}.".encode()
HIDDEN: dict[str, bytes] = {
    "xz": lzma.compress(SAID),
    "bzip2": bz2.compress(SAID),
    "spreadsheet": packed(SAID),
    "zip in zip": packed(packed(packed(SAID))),
    "gzip in zip": packed(gzip.compress(SAID)),
    "base64": b'{"file": "' + base64.b64encode(SAID) + b'"}',
    "base64 of addresses": base64.urlsafe_b64encode(SAID).rstrip(b"="),
    "base64 in lines": base64.encodebytes(b"-" * 53 + SAID),
    "base64 of zip": b'{"file": "' + base64.b64encode(packed(SAID)) + b'"}',
    "spaces": b"documento 71 234 560",
    "narrow spaces": "documento 71\u00a0234\u202f560".encode(),
    "letters beside": f"DNI{DOCUMENT}X".encode(),
    "zeros before": f"0000{DOCUMENT}".encode(),
    "dashes": b"71-23-45-60",
    "thousands": b"71,234,560",
    "beside what is not read": packed(b"%PDF-1.7") + SAID,
}
IN_ROWS = {
    "a.parquet": f"select [{{'n': '{DOCUMENT}'}}] as nested",
    "b.parquet": f"select map {{'n': {DOCUMENT}}} as nested",
    "c.duckdb": f"select {{'a': [{DOCUMENT}]}} as nested",
    "d.duckdb": f"select {DOCUMENT}::integer as n",
    "e.duckdb": f"select {DOCUMENT}::double as n",
    "f.duckdb": f"select '{DOCUMENT}'::blob as b",
    "g.duckdb": f"select from_hex('{gzip.compress(SAID).hex()}') as b",
    "h.sqlite": f"select {DOCUMENT} as n",
    "i.sqlite": f"select x'{lzma.compress(SAID).hex()}' as b",
}


@pytest.fixture(scope="module")
def searched(without: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home without the pupil, in which much is planted."""
    home = copied(without, tmp_path_factory.mktemp("searched") / "own")
    for name, content in HIDDEN.items():
        (home.root / name).write_bytes(content)
    for name, sql in IN_ROWS.items():
        in_rows(home.root / name, sql)
    return home


def test_the_proof_finds_what_is_packed_and_encoded(made: Home, searched: Home) -> None:
    said = prove(searched, key_of(made), "--document", code=1)
    assert [name for name in (*HIDDEN, *IN_ROWS) if f"FOUND  {name}: a document" not in said] == []
    assert DOCUMENT not in said


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"7z\xbc\xaf\x27\x1c", "7z"), (packed(b"%PDF-1.7"), "PDF"), (gzip.compress(SAID)[:-12], "does not unpack whole"),
     (packed(b"\0" * 8 + b"DUCK"), "a database in another file"), (b"PK\x03\x04", "does not unpack whole")],
    ids=["7z", "PDF", "cut off", "database", "damaged"],
)  # fmt: skip
def test_the_proof_says_what_it_cannot_look_into(made: Home, erased: Home, content: bytes, kind: str) -> None:
    (erased.root / "planted").write_bytes(content)
    said = prove(erased, key_of(made))
    assert "not looked into, in 1 files: " in said
    assert kind in said


def test_numbers_that_are_others_are_not_taken_for_the_persons(made: Home, erased: Home) -> None:
    (erased.root / "lines.csv").write_text("7,1,2,3,4,5,6,0\n171234560 712345601 7123456 71234561\n2071 234 5609\n")
    in_rows(erased.root / "numbers.duckdb", f"select {DOCUMENT}1::bigint as n, {DOCUMENT}.5::double as d")
    assert "nothing else holds the person" in prove(erased, key_of(made), "--document")


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
