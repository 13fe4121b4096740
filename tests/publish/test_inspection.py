"""Publish looks at what a mart holds: a table that no check of the graph has seen leaves with no identity either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.build.test_firewall import PUPILS, by_name, model
from tests.publish.home import with_marts
from warehouse import database
from warehouse.build import firewall
from warehouse.errors import BuildFailed
from warehouse.pipeline import publish as publishing
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.settings import Home

KEY = 984758507996378


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of all tests here: each puts its own mart in the place of the former."""
    home = Home(tmp_path_factory.mktemp("inspection") / "home")
    with_marts(home)
    with database.warehouse(home) as db:
        db.execute(f"insert into raw.objections values (1, {KEY}, false, date '2025-03-01')")
    return home


@contextmanager
def refused(home: Home, match: str) -> Iterator[None]:
    """What is published in this block is refused, and what was current stays."""
    before = switching.current(home)
    with pytest.raises(BuildFailed, match=match):
        yield
    assert switching.current(home) == before


def publish(home: Home, silent: Progress, schema: str, *queries: str) -> str:
    """Publish the marts of these queries; return what is current then."""
    with database.warehouse(home) as db:
        for (table,) in db.execute("select schema_name || '.' || table_name from duckdb_tables() "
                                   "where starts_with(table_name, 'planted')").fetchall():  # fmt: skip
            db.execute(f"drop table {table}")
        for number, sql in enumerate(queries):
            db.execute(f"create table {schema}.planted{number or ''} as {sql}")
    release, _ = releases.publish(home, silent, "k" * 8)
    return release


@pytest.mark.parametrize("schema", ["officials", "operations"])
@pytest.mark.parametrize(
    "sql",
    [f"select {KEY}::bigint as n", f"select '{KEY}' as text", f"select 'caso {KEY}/2025' as text",
     f"select {KEY}::double as amount", f"select 7::bigint as n union all select {KEY}"],
)  # fmt: skip
def test_a_pseudonym_is_not_published_where_children_are_counted(
    small: Home, silent: Progress, schema: str, sql: str
) -> None:
    with refused(small, rf"{schema}\.planted\.\w+: 1 values are pseudonyms of children; no model"):
        publish(small, silent, schema, sql)


@pytest.mark.parametrize("schema", ["officials", "operations", "education", "protection", "service"])
@pytest.mark.parametrize("text", ["71234560", "00000001", "20251345", "19891231", "21000102"])
def test_a_document_is_published_nowhere(small: Home, silent: Progress, schema: str, text: str) -> None:
    area = {"education": ", '150101' as ugel_code", "protection": ", '1501' as area_code"}.get(schema, "")
    with refused(small, rf"{schema}\.planted\.text: 1 values look like documents"):
        publish(small, silent, schema, f"select '{text}' as text{area}")


@pytest.mark.parametrize(
    "sql",
    ["select '71 234 560' as text", "select '71-23-45-60' as text", "select '7 1 2 3 4 5 6 0' as text",
     "select '71.234.560' as text", "select 'NzEyMzQ1NjA=' as text", "select '06543217' as text", "select 71234560 as text",
     "select 71234560::bigint as text", "select 71234560::double as text"],
)  # fmt: skip
def test_a_document_is_found_however_it_is_written(small: Home, silent: Progress, sql: str) -> None:
    with refused(small, r"education\.planted\.text: 1 values look like documents"):
        publish(small, silent, "education", f"{sql}, '150101' as ugel_code")


NO_DOCUMENTS = (
    "select '0100001-0' as text", "select '2024-03-29' as text", "select '29/3/2024' as text", "select 20251205 as text",
    "select '12.5' as text", "select 'abcdefghijk=' as text", "select '2023 2024' as text", "select 712345.5::double as text",
)  # fmt: skip
ORDINARY = (
    f"select {KEY + 1}::bigint as n", f"select '1{KEY}' as text", "select 5000000000::bigint as soles",
    "select '20251205' as text", "select '19900101' as text", "select '0712345' as school", "select '150101' as ugel",
    "select 71234560::bigint as n", "select 'SIAGIE_MATRICULA_2024_20240329.txt' as file", "select null::varchar as text",
)  # fmt: skip


def test_what_is_no_document_is_published_to_education(small: Home, silent: Progress) -> None:
    """All in one release, since nothing of it is refused; what would be is named."""
    release = publish(small, silent, "education", *(f"{sql}, '150101' as ugel_code" for sql in NO_DOCUMENTS))
    assert switching.current(small) == release
    assert len(switching.manifest(small, release)["education/150101"]["tables"]) == 1 + len(NO_DOCUMENTS)


def test_ordinary_figures_are_published(small: Home, silent: Progress) -> None:
    release = publish(small, silent, "officials", *ORDINARY)
    assert switching.current(small) == release
    assert len(switching.manifest(small, release)["officials"]["tables"]) == 1 + len(ORDINARY)


def test_a_project_that_breaks_the_firewall_publishes_nothing(
    small: Home, silent: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever built the marts: an orchestrator's tasks of single models are judged here too."""
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "cache"))
    small.dbt.mkdir(exist_ok=True)
    (small.dbt / firewall.JUDGED).write_text("{}")
    leak = model("officials", "m", "select count(*) as n from raw.pupils where child_key > 7", "n")
    monkeypatch.setattr(firewall.compiling, "compiled", lambda *_: by_name(PUPILS, leak))
    with refused(small, r"officials\.m <- «child_key > 7» <- raw\.pupils\.child_key"):
        publishing.publish(small, silent, "0" * 8)
