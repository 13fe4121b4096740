"""Identities stay in the vault: no document number, full name or canary occurs in any other file of a home."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, deliver, qhawaq
from warehouse import database, keys
from warehouse.progress import Progress
from warehouse.settings import Home

ENCRYPTED = {"vault.duckdb"}  # and the archive: both hold identities, and both are read below as bytes


def text_values(path: Path) -> set[str]:
    """Return every distinct text of a DuckDB or Parquet file: compression may hide it from a search of bytes."""
    if path.suffix == ".parquet":
        tables, db = [f"read_parquet('{path}')"], duckdb.connect()
    else:
        db = duckdb.connect(str(path), read_only=True)
        tables = [
            f'"{s}"."{t}"'
            for s, t in db.execute(
                "select table_schema, table_name from information_schema.tables where table_schema <> 'pg_catalog'"
            ).fetchall()
        ]
    found: set[str] = set()
    for table in tables:
        columns = db.execute(f"describe select * from {table}").fetchall()
        if names := ", ".join(f'"{c[0]}"' for c in columns if c[1] == "VARCHAR"):
            every = f"select distinct unnest([{names}]) as v from {table}"
            found |= {v for (v,) in db.execute(every).fetchall() if v}
    db.close()
    return found


@pytest.fixture(scope="module")
def identities(country: Country) -> tuple[set[str], set[str]]:
    """Document numbers, and full names as triples, from the answer key."""
    rows = duckdb.execute(f"select dni, given, father, mother from '{country.truth / 'children.parquet'}'").fetchall()
    return {str(row[0]) for row in rows}, {" ".join(row[1:]) for row in rows} | {f"{r[2]} {r[3]} {r[1]}" for r in rows}


def test_no_identity_in_any_table_outside_the_vault(country: Country, identities: tuple[set[str], set[str]]) -> None:
    documents, names = identities
    files = [p for p in country.home.root.rglob("*") if p.suffix in (".duckdb", ".parquet") and p.is_file()]
    looked_at = [p for p in files if p.name not in ENCRYPTED and not p.is_symlink()]
    assert len(looked_at) > 60
    for path in looked_at:
        values = text_values(path)
        assert not values & documents, path.name
        assert not values & names, path.name
        words = {word for value in values for word in value.split()}
        assert not words & documents, path.name


def digits(content: bytes) -> set[bytes]:
    """Return every eight digits in a row: DuckDB writes texts one after the other, so a number may stand in a longer one."""
    runs = {run for run in re.findall(rb"\d{8,}", content)}
    return {run[i : i + 8] for run in runs for i in range(len(run) - 7)}


def test_no_document_number_in_the_bytes_of_any_file(country: Country, identities: tuple[set[str], set[str]]) -> None:
    """Blocks that no table uses any more too, as far as DuckDB has not compressed them: a leak would be a whole column.

    Pseudonyms are long numbers, so that by chance a few documents stand in a row of them. So many as of numbers that
    nobody has, give or take five; a document that is a value is found by the test above.
    """
    documents = {document.encode() for document in identities[0]}
    nobodys = {str(int(document) + 10_000_000).encode() for document in documents}
    for path in country.home.root.rglob("*"):
        if not path.is_file() or path.is_symlink() or path.suffix == ".parquet":
            continue
        content = path.read_bytes()
        if path.suffix == ".duckdb":
            found = digits(content)
            assert len(found & documents) <= len(found & nobodys) + 5, path
        else:
            assert not documents & set(re.findall(rb"(?<![0-9A-Za-z])\d{8}(?![0-9A-Za-z])", content)), path


def test_an_uncompressed_column_of_documents_would_be_seen(
    tmp_path: Path, identities: tuple[set[str], set[str]]
) -> None:
    path, documents = tmp_path / "leak.duckdb", {document.encode() for document in identities[0]}
    with duckdb.connect(str(path)) as db:
        db.execute("pragma force_compression = 'uncompressed'")
        db.execute("create table leak as select unnest(?) as document", [sorted(identities[0])])
        db.execute("checkpoint")
    assert len(digits(path.read_bytes()) & documents) > len(documents) / 2


def test_the_vault_does_hold_them(country: Country, identities: tuple[set[str], set[str]]) -> None:
    """The tests above would pass on an empty country. Some children's rows never held their true number: not asked."""
    db = database.scratch(country.home)
    database.attach_vault(db, country.home, keys.load(country.home.secrets), read_only=True)
    always_true = (
        "select child_key from vault.siagie_enrollments group by child_key "
        "having bool_and(list_contains(?, n_doc)) order by child_key limit 1"
    )
    child = db.execute(always_true, [sorted(identities[0])]).fetchall()[0][0]
    db.close()
    said = qhawaq(
        country.home.root, "reidentify", str(child), "--reason", "prueba de que la bóveda responde", "--who", "test"
    ).stdout
    assert any(document in said for document in identities[0])


CANARY_NAME, CANARY_DOCUMENT = "ZZCANARIOQ", "87654301"


@pytest.mark.parametrize("tail", ["", f'"{CANARY_NAME}|{CANARY_DOCUMENT}|x\n', f"{CANARY_NAME}|{CANARY_DOCUMENT}\n"])
def test_a_canary_reaches_no_message_and_no_file(home: Home, silent: Progress, tail: str) -> None:
    """Landed whole, refused for an unclosed quote, and with a short line: the name stays in vault and archive."""
    from tests.landing import samples
    from warehouse.landing import land

    content = samples.enrollment(NOMBRES=CANARY_NAME, N_DOC=CANARY_DOCUMENT, APODERADO_NOMBRES=CANARY_NAME) + tail
    deliver(home, samples.ENROLLMENT, content)
    outcomes = land.land(home, silent)
    assert len(outcomes) == 1
    assert not list(home.inbox.glob("*.txt"))
    assert CANARY_NAME not in repr(outcomes)
    assert CANARY_DOCUMENT not in repr(outcomes)
    for path in home.root.rglob("*"):
        if path.is_file():
            content_found = path.read_bytes()
            assert CANARY_NAME.encode() not in content_found, path
            assert CANARY_DOCUMENT.encode() not in content_found, path
        if path.suffix == ".duckdb" and path.name not in ENCRYPTED:
            assert not {CANARY_NAME, CANARY_DOCUMENT} & text_values(path)
