"""Lineage begins at a panel; a column that nobody reads is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Country, qhawaq
from warehouse.audit import panels
from warehouse.build import manifest
from warehouse.errors import UsageError
from warehouse.settings import Home


def test_a_trace_begins_at_a_panel(country: Country) -> None:
    year, level = country.ask(
        "select school_year, level from officials.indicators where department_code = '00' "
        "and indicator = 'interruption' and case_share is not null order by all desc limit 1"
    )[0]
    key = f"{year}/00/{level}/interruption"
    said = qhawaq(country.home.root, "audit", "trace", "panel:panorama/Cómo cambió", key).stdout
    assert said.startswith("panel Cómo cambió of dashboard panorama (officials)\n  select school_year, case_share")
    assert f"officials.indicators  {key}" in said
    assert "marts/officials/indicators.sql" in said
    assert "raw.siagie_enrollments" in said


def test_every_panel_asks_a_mart_of_its_audience(country: Country) -> None:
    marts = {f"{s}.{t}" for s, t in country.ask("select table_schema, table_name from information_schema.tables")}
    every = list(panels.panels())
    assert len(every) > 30
    of_every_file = "operations.release"  # publishing writes it
    assert {one.mart for one in every} <= marts | {of_every_file}
    assert len({one.name for one in every}) == len(every)


@pytest.mark.parametrize("name", ["panorama/Nada", "panorama/", "nada/Interrumpieron", "lista/"])
def test_what_is_no_one_panel_names_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"there are: .+/.+"):
        panels.find(name)


def test_a_panel_is_found_by_the_beginning_of_its_title() -> None:
    assert panels.find("panorama/Cómo") == panels.find("panorama/Cómo cambió")


def test_a_column_that_nobody_reads_is_named(country: Country, tmp_path: Path) -> None:
    content = json.loads(manifest.path(country.home).read_text())
    mart = content["nodes"]["model.qhawaq.priority_list"]
    mart["columns"] = {"reason_text": {}, "nobody_reads_this": {}, "ugel_code": {}}
    home = Home(tmp_path)
    home.dbt.mkdir()
    (home.dbt / "manifest.json").write_text(json.dumps({"nodes": {"model.qhawaq.priority_list": mart}}))
    assert panels.unused(home) == ["education.priority_list.nobody_reads_this"]
    assert "columns of marts are read by nobody" in qhawaq(country.home.root, "audit", "unused").stdout
