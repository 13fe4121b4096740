"""Nothing for education, officials, operations or the service, and no score, has protection data among its ancestors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Country
from warehouse.build import firewall, parsing
from warehouse.errors import BuildFailed
from warehouse.settings import DBT_PROJECT


@pytest.fixture(scope="module")
def manifest(country: Country) -> dict:
    return json.loads((country.home.dbt / "manifest.json").read_text())


def ancestors(manifest: dict, name: str) -> set[str]:
    found, todo = set(), [name]
    while todo:
        for parent in manifest["parent_map"].get(todo.pop(), []):
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return found


def test_no_protection_ancestor(manifest: dict) -> None:
    nodes = manifest["nodes"] | manifest["sources"]
    checked = [
        n
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["schema"] in firewall.CLOSED_TO_PROTECTION
    ]
    assert len(checked) > 15
    for node in checked:
        bad = [a for a in ancestors(manifest, node["unique_id"]) if a in nodes and firewall.is_protection(nodes[a])]
        assert bad == [], node["name"]


def test_the_protection_marts_do_have_them(manifest: dict) -> None:
    """The test above would pass if nothing were recognized as protection."""
    nodes = manifest["nodes"] | manifest["sources"]
    found = ancestors(manifest, "model.qhawaq.caseload")
    assert sum(firewall.is_protection(nodes[a]) for a in found if a in nodes) >= 6


def test_every_model_is_described_and_unique(manifest: dict) -> None:
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") in ("unique", "unique_together")
    }
    for model in models:
        assert model["description"].startswith("One row per"), model["name"]
        assert model["unique_id"] in tested, model["name"]
        assert all(column["description"] for column in model["columns"].values()), model["name"]


def test_every_column_that_is_built_is_described(manifest: dict, country: Country) -> None:
    built: dict[str, set[str]] = {}
    for schema, table, column in country.ask(
        "select table_schema, table_name, column_name from information_schema.columns"
    ):
        built.setdefault(f"{schema}.{table}", set()).add(column)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            assert set(node["columns"]) == built[f"{node['schema']}.{node['name']}"], node["name"]


def test_public_tables_have_contracts(manifest: dict) -> None:
    public = ("officials", "education", "protection", "operations", "service")
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and (
            node["schema"] in (*public, "features", "outcomes") or node["name"] in ("risk_scores", "risk_reasons")
        ):
            assert node["config"]["contract"]["enforced"], node["name"]


def test_dbt_itself_refuses_an_education_model_on_a_protection_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "cache"))
    project, models = tmp_path / "project", tmp_path / "project" / "models"
    left_out = shutil.ignore_patterns(
        "int_*", "stg_protection__links.sql", "*_unit_tests.yml"
    )  # they read other folders
    for name in ("macros", "models/protection_staging"):
        shutil.copytree(DBT_PROJECT / name, project / name, ignore=left_out)
    for name in ("dbt_project.yml", "profiles.yml", "models/_groups.yml", "models/_docs.md"):
        shutil.copy(DBT_PROJECT / name, project / name)
    assert parsing.manifest(project).nodes
    (models / "marts" / "education").mkdir(parents=True)
    (models / "marts" / "education" / "leak.sql").write_text("select * from {{ ref('stg_protection__demuna_cases') }}")
    with pytest.raises(BuildFailed, match="private to the 'protection' group"):
        parsing.manifest(project)


def test_every_source_says_how_often_it_is_expected_and_the_mart_when_it_came(manifest: dict, country: Country) -> None:
    delivered = {n["unique_id"] for n in manifest["sources"].values() if "file_pattern" in n["config"]["meta"]}
    assert len(delivered) > 15
    held = country.ask("select source, last_delivered_at, is_late, age_days, expected_days from operations.freshness")
    assert {f"source.qhawaq.{source}" for source, *_ in held} == delivered
    by_source = {source: rest for source, *rest in held}
    assert by_source["feedback.feedback_case_events"][:2] == [None, False]  # nobody told anything yet
    assert by_source["siagie.siagie_enrollments"][1] is False
    last = country.ask("select max(delivered_at) from raw.deliveries where source = 'midis.midis_sisfoh'")[0][0]
    assert by_source["midis.midis_sisfoh"][0] == last


def test_every_serving_table_has_a_reader(manifest: dict) -> None:
    read = {name for exposure in manifest["exposures"].values() for name in exposure["depends_on"]["nodes"]}
    marts = {
        n["unique_id"] for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["schema"] in ("officials", "education", "protection", "operations", "service")
    }  # fmt: skip
    assert marts <= read
