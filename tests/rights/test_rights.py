"""What a family may ask: to see, to correct, to object, to be judged by a human; each request is logged."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests import few
from tests.conftest import Country, qhawaq
from warehouse import database, keys
from warehouse.landing import archive
from warehouse.rights import canary
from warehouse.rights.canary import Canaries
from warehouse.settings import Home

REASON = ("--reason", "Solicitud de la familia por escrito", "--who", "mesa de partes")
# What changes with an objection or a review; without dbt's tests, which judge other promises.
LISTS = ("--select", "int_children__objections", "int_lists__removals", "int_lists__current", "priority_list")


@pytest.fixture(scope="module")
def own(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A country of one's own, to change; of education and protection one area's files, since a search opens them all."""
    home = country.copy(tmp_path_factory.mktemp("own") / "home", "compiled")
    for audience in ("education", "protection"):
        for area in sorted((home.serving / audience).iterdir())[1:]:
            shutil.rmtree(area)
    return home


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def in_vault(home: Home, sql: str) -> list[tuple]:
    db = database.scratch(home)
    database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
    found = db.execute(sql).fetchall()
    db.close()
    return found


def listed(home: Home) -> list[str]:
    return [child for (child,) in ask(home, "select child_key from education.priority_list order by rank_in_ugel, 1")]


def test_access_shows_all_that_is_held_and_is_logged(own: Home, tmp_path: Path) -> None:
    child = listed(own)[0]
    file = tmp_path / "answer.md"
    qhawaq(own.root, "subject", "access", child, *REASON, "--to", str(file))
    text = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    surname, document = in_vault(
        own, f"select apellido_paterno, n_doc from vault.siagie_enrollments where child_key = {child} limit 1"
    )[0]
    assert surname in text
    assert document is None or document in text
    for source in ("siagie_enrollments", "siagie_attendance", "siagie_grades"):
        (rows,) = ask(
            own, f"select count(*) from raw.{source} where child_key = {child} "
            f"or child_key in (select child_key from raw.child_merges where merged_into = {child})"
        )[0]  # fmt: skip
        assert rows == 0 or f".{source} ({rows})" in text, source
    for title in ("Puntajes", "Listas en que figuró", "Rasgos en cada fecha de corte"):
        assert f"## {title} (" in text
    assert in_vault(own, f"select kind, who from vault.requests where child_key = {child}") == [
        ("access", "mesa de partes")
    ]
    assert "exists already" in qhawaq(
        own.root, "subject", "access", child, *REASON, "--to", str(file), expect=2
    ).stderr  # fmt: skip


def test_a_correction_lands_like_any_delivery(own: Home) -> None:
    child = listed(own)[1]
    keys = (
        f"(select {child} union all select child_key from raw.child_merges where merged_into = {child})"  # all of its
    )
    before = ask(own, f"select count(*) from raw.siagie_enrollments where child_key in {keys}")[0][0]
    said = qhawaq(
        own.root, "subject", "rectify", child, *REASON, "--source", "siagie.siagie_enrollments",
        "--column", "DSC_LENGUA", "--value", "QUECHUA",
    )  # fmt: skip
    assert "_RECT001.txt" in said.stdout
    assert [path.stat().st_mode & 0o077 for path in own.inbox.iterdir()] == [0]
    assert [path.name.split("_")[3] for path in own.inbox.iterdir()] == ["20251205"]  # the country's day, not ours
    qhawaq(own.root, "land")
    newest = ask(
        own, "select dsc_lengua, _file, count(*) over () from raw.siagie_enrollments "
        f"where child_key in {keys} order by _delivered_at desc limit 1"
    )  # fmt: skip
    assert newest[0][0] == "QUECHUA"
    assert "_RECT001.txt" in newest[0][1]
    assert newest[0][2] == before + 1


def test_objections_and_human_reviews_take_off_the_list_and_put_back(own: Home) -> None:
    before = listed(own)
    objecting, removed = before[2], before[3]
    (day,) = ask(own, "select max(as_of_date)::varchar from education.priority_list")[0]
    qhawaq(own.root, "subject", "oppose", objecting, *REASON)
    qhawaq(own.root, "subject", "review", removed, day, "remove", *REASON)
    few.without_tests(own, *LISTS)
    assert set(before) - set(listed(own)) == {objecting, removed}
    qhawaq(own.root, "subject", "oppose", objecting, *REASON, "--withdraw")
    qhawaq(own.root, "subject", "review", removed, day, "keep", *REASON)
    few.without_tests(own, *LISTS)
    assert listed(own) == before
    kinds = in_vault(own, f"select kind from vault.requests where child_key in ({objecting}, {removed})")
    assert [kind for (kind,) in kinds] == ["oppose", "review: remove", "withdraw objection", "review: keep"]


def test_a_reason_stays_in_the_vault(own: Home) -> None:
    texts = ask(
        own, "select table_name, list(column_name) from duckdb_columns() where schema_name = 'raw' "
        "and data_type = 'VARCHAR' and table_name in (select table_name from duckdb_tables()) group by 1"
    )  # fmt: skip
    assert len(texts) > 20
    for table, columns in texts:
        held = " or ".join(f"contains({column}, 'por escrito')" for column in columns)
        assert ask(own, f"select count(*) from raw.{table} where {held}") == [(0,)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("access", "7", *REASON), 1, "no person with key 7; the request was logged"),
        (("access", "7", "--reason", "no"), 2, "say in a sentence why"),
        (("rectify", "{child}", *REASON, "--source", "siagie_attendance", "--column", "x", "--value", "1"), 2,
         "replaces whole files"),
        (("rectify", "{child}", *REASON, "--source", "siagie_enrollments", "--column", "cod_mod", "--value", "1"), 2,
         "part of the key"),
        (("rectify", "{child}", *REASON, "--source", "siagie_enrollments", "--column", "edad", "--value", "1"), 2,
         "has no column edad"),
        (("rectify", "{child}", *REASON, "--source", "escale", "--column", "edad", "--value", "1"), 2, "no source escale"),
        (("review", "{child}", "2019-04-30", "keep", *REASON), 1, "has no score of 2019-04-30"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(own: Home, arguments: tuple[str, ...], code: int, says: str) -> None:
    child = listed(own)[0]
    given = [word.replace("{child}", child) for word in arguments]
    assert says in qhawaq(own.root, "subject", *given, expect=code).stderr


@pytest.mark.long
def test_an_erased_person_is_found_nowhere_and_the_others_stay(own: Home) -> None:
    child = int(ask(own, "select child_key from raw.siagie_enrollments where child_key in (select child_key from "
                         "raw.siagie_grades) and child_key in (select child_key::bigint from education.priority_list) group by 1 having count(*) > 3 order by count(*) desc, 1 limit 1")[0][0])  # fmt: skip
    documents = in_vault(own, f"select value from vault.aliases where child_key = {child}")
    file, line, sha = ask(
        own, "select r._file, max(r._line), any_value(d.sha256) from raw.siagie_enrollments as r join raw.deliveries as d "
        f"on d.file = r._file where r._file in (select _file from raw.siagie_enrollments where child_key = {child}) "
        f"and r.child_key <> {child} group by 1 order by 1 limit 1"
    )[0]  # fmt: skip
    secret = keys.load(own.secrets)
    before = archive.opened(own, secret, file, sha).splitlines()
    others = ask(own, f"select count(*) from raw.siagie_enrollments where child_key <> {child}")
    pseudonym = Canaries((child,), ())
    assert canary.search(own, secret, pseudonym).hits["serving"] > 0
    said = qhawaq(own.root, "subject", "erase", str(child), *REASON, "--yes").stdout
    assert "lines of" in said
    assert "is without the person" in said
    assert canary.search(own, secret, pseudonym).hits["serving"] == 0
    assert "no earlier release" in qhawaq(own.root, "rollback", expect=1).stderr
    after = archive.opened(own, secret, file, sha).splitlines()
    assert len(after) == len(before)  # the others keep their numbers
    assert after[line - 1] == before[line - 1]
    assert b"" in after
    hits = canary.search(own, secret, Canaries((), tuple(value for (value,) in documents))).hits
    assert documents
    assert set(hits.values()) == {0}
    assert in_vault(own, f"select count(*) from vault.persons where child_key = {child}") == [(0,)]
    assert ask(own, f"select count(*) from raw.siagie_enrollments where child_key <> {child}") == others
    assert ask(own, f"select count(*) from intermediate.int_enrollments__spells where child_key = {child}") == [(0,)]
    assert ask(own, "select sum(n_lines) > 10 from raw.erasures") == [(True,)]
    assert "no person with key" in qhawaq(own.root, "subject", "erase", str(child), *REASON, "--yes", expect=1).stderr
