"""Fixtures of tests of what is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.publish.home import with_marts
from warehouse.progress import Progress
from warehouse.settings import Home


@pytest.fixture
def small(tmp_path: Path, silent: Progress) -> Home:
    home = Home(tmp_path / "home")
    with_marts(home)
    return home
