"""dbt's unit tests: each rule and threshold on both sides of its boundary and on it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import Country
from warehouse import dbt
from warehouse.progress import Progress
from warehouse.settings import Home


def test_rules_and_thresholds(country: Country, tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    built = dbt.unit_tests(home, silent)
    assert (built.models, built.tests) == (0, 6)
