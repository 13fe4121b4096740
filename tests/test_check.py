"""What `make check` takes a change to touch."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import check


@pytest.mark.parametrize(("name", "module"), [
    ("warehouse/landing/cast.py", "warehouse.landing.cast"), ("warehouse/report/__init__.py", "warehouse.report"),
    ("tests/conftest.py", None), ("dbt_project/models/scores/reason_outputs.py", None), ("README.md", None),
])  # fmt: skip
def test_a_file_is_a_module_or_none(name: str, module: str | None) -> None:
    assert check.module_of(name) == module


@pytest.mark.parametrize(("text", "yes"), [
    ("from warehouse.landing import cast", True),
    ("from warehouse.landing import archive, cast, intake", True),
    ("from warehouse.landing import (\n    archive,\n    cast,\n)", True),
    ("from warehouse.landing.cast import type_rows", True),
    ("    import warehouse.landing.cast", True),
    ("from warehouse.landing import archive", False),
    ("from warehouse.landing import castle", False),
    ("from warehouse.landing.castle import x", False),
    ("from warehouse import landing  # not the cast", False),
])  # fmt: skip
def test_an_import_is_seen_in_each_way_to_write_it(text: str, yes: bool) -> None:
    assert check.imports(f"x = 1\n{text}\n", "warehouse.landing.cast") == yes


def test_models_and_tests_of_a_change() -> None:
    names = ["dbt_project/models/scores/risk_scores.sql", "dbt_project/models/_groups.yml", "warehouse/progress.py"]
    assert check.models_of(names) == ["risk_scores"]
    found = check.tests_of(["warehouse/landing/cast.py", "tests/ml/test_splits.py"])
    assert "tests/ml/test_splits.py" in found
    assert "tests/landing/test_pipeline.py" not in found  # it imports others of the package
    assert "tests/landing/test_contracts.py" in check.tests_of(["warehouse/contracts/reading.py"])


def test_nothing_changed_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "changed", lambda _: [])
    assert check.main() == 0
    assert "0 files changed since HEAD" in capsys.readouterr().out


def test_one_bad_step_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "changed", lambda _: ["warehouse/progress.py"])
    monkeypatch.setattr(check, "tests_of", lambda _: [])
    for failing in ("ruff", "format", "imports", "nothing"):
        monkeypatch.setattr(check, "step", lambda title, *_, failing=failing, **__: not title.startswith(failing))
        assert check.main() == (failing != "nothing")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two files, one commit."""
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)
    for name in ("kept.py", "removed.py"):
        (tmp_path / name).write_text("x = 1\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


@needs_git
def test_what_was_changed_removed_or_is_new_is_seen_whatever_its_name(repository: Path) -> None:
    assert check.changed("HEAD") == []
    (repository / "removed.py").unlink()
    (repository / "kept.py").write_text("x = 2\n")
    for name in ("año.py", "two words.py"):
        (repository / name).write_text("x = 1\n")
    assert check.changed("HEAD") == ["año.py", "kept.py", "removed.py", "two words.py"]


@needs_git
@pytest.mark.parametrize("revision", ["nonexistent", "--stat"])
def test_an_unknown_revision_is_told_in_a_sentence(repository: Path, revision: str) -> None:
    with pytest.raises(SystemExit, match=f"make check cannot compare with '{revision}'"):
        check.changed(revision)


def test_without_git_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="git, which is not installed"):
        check.changed("HEAD")


def test_what_could_not_be_judged_is_no_success(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "changed", lambda _: ["dbt_project/models/scores/risk_scores.sql"])
    monkeypatch.setattr(check, "step", lambda *_, **__: True)
    monkeypatch.setattr(check, "JUDGES", tmp_path)
    monkeypatch.setattr(check.homes, "latest", lambda _: None)
    assert check.main() == 1
    said = capsys.readouterr().out
    assert "sqlfluff: call make lint once" in said
    assert "models are not built: call make test once" in said


def test_a_change_of_the_dbt_project_is_parsed_whatever_file_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    monkeypatch.setattr(check, "step", lambda title, *_, **__: not titles.append(title))
    for name in ("dbt_project/macros/as_of.sql", "dbt_project/dbt_project.yml", "dbt_project/models/gone.sql"):
        monkeypatch.setattr(check, "changed", lambda _, name=name: [name])
        assert check.main() == 0
    assert titles == ["dbt parses the project"] * 3
