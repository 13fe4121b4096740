"""Pages for auditors: every description has its Spanish, nothing is fetched from elsewhere, every column has its way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Country
from warehouse.audit import pages, register
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

COLIBRI = REPOSITORY / ".judges" / "bin" / "colibri"


def test_every_description_has_its_spanish_and_none_is_left_over(country: Country) -> None:
    manifest = json.loads((country.home.dbt / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    described = {model["description"] for model in models}
    described |= {column["description"] for model in models for column in model["columns"].values()}
    spanish = register.translations()
    assert sorted(described - spanish.keys()) == []
    assert sorted(spanish.keys() - described) == []
    assert [text for text in spanish.values() if not text.strip()] == []


def test_the_dictionary_is_spanish_and_has_every_public_column(country: Country) -> None:
    text = register.dictionary(country.home)
    assert "| `absence_days` | Días de falta de este año, justificados o no. |" in text
    for schema, table, column in country.ask(
        "select table_schema, table_name, column_name from information_schema.columns where table_schema in "
        "('officials', 'education', 'operations')"
    ):
        assert f"| `{column}` |" in text.split(f"## {schema}.{table}\n")[1].split("\n## ")[0], table


def test_a_page_stands_alone_and_takes_text_for_text() -> None:
    found = pages.html_page("<script>", "# T\n\n<script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<script>" not in found
    assert "<td>2</td>" in found
    assert "http" not in found


@pytest.mark.skipif(not COLIBRI.exists(), reason="the judges' environment is not installed: make lint or make docs")
def test_the_pages_show_models_and_the_way_of_columns(country: Country, tmp_path: Path, silent: Progress) -> None:
    home = Home(Path(shutil.copytree(
        country.home.root, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))))  # fmt: skip
    found = pages.write(home, silent, COLIBRI)
    assert [path.name for path in found] == [
        "index.html", "modelos.html", "linaje.html", "diccionario.html", "tratamientos.html",
    ]  # fmt: skip
    index = found[0].read_text()
    assert all(f'href="{path.name}"' in index for path in found[1:])
    assert "datos sintéticos" in index
    lineage = json.loads((home.dbt / "colibri" / "colibri-manifest.json").read_text())["lineage"]["edges"]
    into = {edge["source"] for edge in lineage if edge["target"].endswith("child_attendance")
            and edge.get("targetColumn") == "absence_days"}  # fmt: skip
    assert any(name.endswith("int_attendance__years") for name in into)
