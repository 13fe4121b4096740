"""Docs cannot drift: every command, make target, test and link that they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from warehouse import cli
from warehouse.contracts.reading import COLUMN_KEYS, TABLE_KEYS
from warehouse.settings import REPOSITORY

DOCS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_what_is_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(CODE.findall(text))
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bqhawaq ([a-z]+(?:-[a-z]+)*)", code)) <= set(cli.COMMANDS)
    assert set(re.findall(r"\bmake ([a-z-]+)\b", code)) <= targets
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / link).exists(), link


PLACES = re.compile(
    r"`((?:warehouse|ml|service|dags|deploy|grafana|dbt_project|tests|benchmarks)/[\w/.*-]+)(?<!\.duckdb)`"
)


@pytest.mark.parametrize(
    "path", [path for path in DOCS if path.name not in ("CHANGELOG.md", "add-a-source.md")], ids=lambda path: path.name
)
def test_every_place_that_is_named_exists(path: Path) -> None:
    named = set(PLACES.findall(path.read_text(encoding="utf-8")))
    assert [name for name in named if not (list(REPOSITORY.glob(name)) or (REPOSITORY / name).exists())] == []


def test_every_package_has_its_place_on_the_map() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = [path.parent.name for top in ("warehouse", "ml") for path in (REPOSITORY / top).glob("*/__init__.py")]
    assert len(packages) > 15
    assert [name for name in packages if not re.search(rf"`(?:\w+/)?{name}`", text)] == []


def test_every_command_is_in_a_document() -> None:
    said = "\n".join(path.read_text(encoding="utf-8") for path in DOCS)
    assert [name for name in cli.COMMANDS if f"qhawaq {name}" not in said] == []


def test_the_tests_of_the_trap_table_exist() -> None:
    table = (REPOSITORY / "docs" / "data-quality.md").read_text(encoding="utf-8")
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", table)
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in tests] == []
    assert all((REPOSITORY / name).exists() for name in re.findall(r"`(tests/[\w/.]+)`", table))


def test_every_key_of_a_contract_is_explained() -> None:
    text = (REPOSITORY / "docs" / "add-a-source.md").read_text(encoding="utf-8")
    assert [key for key in TABLE_KEYS | COLUMN_KEYS if key not in text] == []


def test_no_folder_of_tests_is_left_out(pytestconfig: pytest.Config) -> None:
    """What pytest does not walk into by its name, such as `build`, is lost in silence."""
    folders = {path.parent.relative_to(REPOSITORY) for path in (REPOSITORY / "tests").rglob("test_*.py")}
    patterns = pytestconfig.getini("norecursedirs")
    assert len(folders) > 15
    assert [
        folder for folder in folders if any(part.match(p) for part in map(Path, folder.parts) for p in patterns)
    ] == []
