"""Publish looks at what a mart holds: a table that no check of the graph has seen leaves with no identity either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.publish.home import with_marts
from warehouse import database
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.settings import Home

KEY = 984758507996378


@pytest.fixture
def small(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with_marts(home)
    with database.warehouse(home) as db:
        db.execute(f"insert into raw.objections values (1, {KEY}, false, date '2025-03-01')")
    return home


def publish(home: Home, silent: Progress, schema: str, sql: str) -> None:
    with database.warehouse(home) as db:
        db.execute(f"create table {schema}.planted as {sql}")
    releases.publish(home, silent, "k" * 8)


@pytest.mark.parametrize("schema", ["officials", "operations"])
@pytest.mark.parametrize(
    "sql",
    [f"select {KEY}::bigint as n", f"select '{KEY}' as text", f"select 'caso {KEY}/2025' as text",
     f"select {KEY}::double as amount", f"select 7::bigint as n union all select {KEY}"],
)  # fmt: skip
def test_a_pseudonym_is_not_published_where_children_are_counted(
    small: Home, silent: Progress, schema: str, sql: str
) -> None:
    with pytest.raises(BuildFailed, match=rf"{schema}\.planted\.\w+: 1 values are pseudonyms of children; no model"):
        publish(small, silent, schema, sql)
    assert switching.current(small) is None


@pytest.mark.parametrize("schema", ["officials", "operations", "education", "protection", "service"])
@pytest.mark.parametrize("text", ["71234560", "00000001", "20251345", "19891231", "21000102"])
def test_a_document_is_published_nowhere(small: Home, silent: Progress, schema: str, text: str) -> None:
    area = {"education": ", '150101' as ugel_code", "protection": ", '1501' as area_code"}.get(schema, "")
    with pytest.raises(BuildFailed, match=rf"{schema}\.planted\.text: 1 values look like documents"):
        publish(small, silent, schema, f"select '{text}' as text{area}")


@pytest.mark.parametrize(
    "sql",
    [f"select {KEY + 1}::bigint as n", f"select '1{KEY}' as text", "select 5000000000::bigint as soles",
     "select '20251205' as text", "select '19900101' as text", "select '0712345' as school", "select '150101' as ugel",
     "select 71234560::bigint as n", "select 'SIAGIE_MATRICULA_2024_20240329.txt' as file", "select null::varchar as text"],
)  # fmt: skip
def test_ordinary_figures_are_published(small: Home, silent: Progress, sql: str) -> None:
    publish(small, silent, "officials", sql)
    assert switching.current(small) is not None
