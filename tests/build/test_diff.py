"""What a change of SQL alters is told row by row and child by child, and the home stays as it is."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.conftest import Country
from warehouse.build import diff
from warehouse.errors import UsageError
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


@pytest.fixture
def copied(country: Country, tmp_path: Path) -> Home:
    return country.to_build(tmp_path / "home")


def project(folder: Path, **changes: tuple[str, str, str]) -> Path:
    """Return a copy of the dbt project in which one text of each named file is replaced."""
    target = folder / "project"
    shutil.copytree(DBT_PROJECT, target, ignore=shutil.ignore_patterns("target", "logs"))
    for file, old, new in changes.values():
        text = (target / file).read_text(encoding="utf-8")
        assert old in text
        (target / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return target


@pytest.mark.long
def test_a_threshold_and_a_seed_change_features_and_lists(copied: Home, silent: Progress, tmp_path: Path) -> None:
    changed = project(
        tmp_path,
        threshold=("dbt_project.yml", "over_age_risk_years: 2 ", "over_age_risk_years: 3 "),
        capacity=("seeds/ugel_capacity.csv", ",0.05,", ",0.10,"),
        outcome=("models/outcomes/child_outcomes.sql", "'not ' ~ is_in_exit_rate(), ", "'is_deceased', "),  # a view
    )
    before = hashlib.sha256(copied.warehouse.read_bytes()).hexdigest()
    found = diff.compare(copied, DBT_PROJECT, silent, changed)
    assert found.changed == [  # and nothing of the rest, though the project lies in another folder
        "child_outcomes", "former_outputs", "int_actions__met", "int_indicators__judged", "int_pupils__peers",
        "int_supports__needs", "reason_outputs", "score_outputs", "ugel_capacity",
    ]  # fmt: skip
    tables = {table.name: table for table in found.tables}
    features = tables["features.child_features"]
    assert (features.added, features.removed, set(features.columns)) == (0, 0, {"schoolmates_over_age_share"})
    outcomes = tables["outcomes.child_outcomes"]
    assert (outcomes.added, outcomes.removed, set(outcomes.columns)) == (0, 0, {"label", "label_status"})
    listed = tables["education.priority_list"]
    assert listed.added > 0
    assert listed.after - listed.before == listed.added - listed.removed
    assert sum(entered for _, entered, _ in listed.moves) == listed.added
    assert "entered" in str(found)
    assert hashlib.sha256(copied.warehouse.read_bytes()).hexdigest() == before
    assert not list(copied.root.glob(".diff-*"))


def test_the_same_sql_changes_nothing(copied: Home, silent: Progress) -> None:
    """Each side has a home of its own; that another folder changes nothing either, the test above says."""
    found = diff.compare(copied, DBT_PROJECT, silent)
    assert (found.changed, found.tables) == ([], [])
    assert "nothing changes" in str(found)


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        diff.project_at("HEAD", tmp_path)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_an_unknown_revision_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no revision"):
        diff.project_at("no-such-revision", tmp_path)
