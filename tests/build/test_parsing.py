"""dbt reads its project once for each version of it; what was kept is used only if it is whole and of this version."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from warehouse.build import dbt, parsing
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import Home

MODEL = "select 1 as n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model, and a cache of its own."""
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "one.sql").write_text(MODEL)
    (folder / "dbt_project.yml").write_text(
        "{name: small, profile: qhawaq, flags: {send_anonymous_usage_stats: false}}"
    )
    (folder / "profiles.yml").write_text("qhawaq: {target: local, outputs: {local: {type: duckdb, path: ':memory:'}}}")
    return folder


CONTENT: dict[int, bytes] = {}  # what dbt makes of a project, by how many models it has


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which projects were parsed; dbt does it once for all tests."""
    found, parse = [], parsing._parse

    def noted(project: Path) -> bytes:
        found.append(project)
        n = len(list(project.rglob("*.sql")))
        if n not in CONTENT:
            CONTENT[n] = parse(project)
        return CONTENT[n]

    monkeypatch.setattr(parsing, "_parse", noted)
    return found


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").iterdir())


def test_the_same_project_is_parsed_once(project: Path, parsed: list[Path], tmp_path: Path) -> None:
    first, second = parsing.manifest(project), parsing.manifest(project)
    assert len(parsed) == 1
    assert first.nodes.keys() == second.nodes.keys() == {"model.small.one"}
    assert first is not second, "dbt changes the manifest that it works on"
    assert len(kept(tmp_path)) == 1


def test_nothing_is_kept_of_a_project_that_is_edited_meanwhile(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found may be of the version before: kept as the new one's, it would be believed for good."""
    as_read = parsing.version_of(project)
    parse = parsing._parse

    def edited(folder: Path) -> bytes:
        content = parse(folder)
        (project / "models" / "two.sql").write_text(MODEL)
        return content

    monkeypatch.setattr(parsing, "_parse", edited)
    assert len(parsing.manifest(project).nodes) == 1
    parsing.note("judged", project, as_read, "of one model")
    assert not (tmp_path / "cache").exists()
    parsing.note("judged", project, parsing.version_of(project), "of two models")
    assert (parsing.noted("judged", as_read), parsing.noted("judged", parsing.version_of(project))) == (
        None,
        "of two models",
    )


def test_a_changed_or_copied_project_is_parsed_again(project: Path, parsed: list[Path], tmp_path: Path) -> None:
    parsing.manifest(project)
    (project / "models" / "two.sql").write_text(MODEL)
    assert len(parsing.manifest(project).nodes) == 2
    parsing.manifest(Path(shutil.copytree(project, tmp_path / "copy")))
    assert len(parsed) == 3


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_is_made_again(project: Path, parsed: list[Path], tmp_path: Path, damage: bytes | None) -> None:
    parsing.manifest(project)
    (file,) = kept(tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content) if damage is None else damage)
    assert parsing.manifest(project).nodes.keys() == {"model.small.one"}
    parsing.manifest(project)
    assert len(parsed) == 2


def test_where_nothing_can_be_kept_it_is_parsed_each_time(
    project: Path, parsed: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "file" / "below"))
    for _ in range(2):
        assert parsing.manifest(project).nodes
    assert len(parsed) == 2


def test_a_project_that_cannot_be_parsed_is_told_in_dbts_words(project: Path, tmp_path: Path) -> None:
    (project / "models" / "one.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(BuildFailed, match="nowhere"):
        parsing.manifest(project)
    assert not (tmp_path / "cache").exists()


def test_what_is_kept_is_its_owners(project: Path, parsed: list[Path], tmp_path: Path) -> None:
    parsing.manifest(project)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("python", "mashumaro", "works"), [
    ((3, 13, 9), "3.14", True), ((3, 14, 0), "3.14", False), ((3, 14, 0), "3.22.9", False), ((3, 14, 0), "3.23", True),
])  # fmt: skip
def test_a_mashumaro_that_dbt_cannot_use_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, ...], mashumaro: str, works: bool
) -> None:
    monkeypatch.setattr(parsing.sys, "version_info", python)
    monkeypatch.setattr(parsing, "version", lambda _: mashumaro)
    if works:
        parsing.check_importable()
    else:
        with pytest.raises(BuildFailed, match=r"mashumaro 3\.23.*requirements/run\.txt"):
            parsing.check_importable()


def test_the_manifest_of_a_run_is_what_dbt_itself_would_write(
    project: Path, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We write it at once, dbt piece by piece; orchestrators and our own lineage read it."""
    theirs, write = tmp_path / "theirs.json", dbt._write

    def both(manifest: Any, result: Any, target: Path) -> None:
        write(manifest, result, target)
        manifest.write(str(theirs))

    monkeypatch.setattr(dbt, "_write", both)
    with mock.patch.dict(os.environ):
        dbt.run(home, Progress(quiet=True), "build", (), project, tmp_path / "target")
    ours = json.loads((tmp_path / "target" / "manifest.json").read_text())
    expected = json.loads(theirs.read_text())
    for one in (ours, expected):
        one["metadata"].pop("generated_at")
    assert ours == expected
    assert "model.small.one" in ours["nodes"]
