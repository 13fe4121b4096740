"""What `make check` takes a change to touch."""

from __future__ import annotations

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
    assert "tests/landing/test_contracts.py" in check.tests_of(["warehouse/contracts.py"])


def test_nothing_changed_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "changed", lambda _: [])
    assert check.main() == 0
    assert "0 files changed since HEAD" in capsys.readouterr().out


def test_one_bad_step_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "changed", lambda _: ["warehouse/progress.py"])
    monkeypatch.setattr(check, "tests_of", lambda _: [])
    for failing in ("ruff", "format", "imports", ""):
        monkeypatch.setattr(
            check, "step", lambda title, *_, failing=failing: not (failing and title.startswith(failing))
        )
        assert check.main() == bool(failing)
