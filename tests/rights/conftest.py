"""What tests of families' rights share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import homes
from tests.conftest import qhawaq
from tests.landing import samples
from tests.publish.home import with_lists
from tests.rights.erasing import copied, erase, key_of, land
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.settings import Home


@pytest.fixture(scope="session")
def twice_published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two releases with lists of three children; nobody may change them."""
    home = Home(tmp_path_factory.mktemp("published") / "home")
    with_lists(home)
    for key in ("a" * 8, "b" * 8):
        releases.publish(home, Progress(quiet=True), key)
    return home


@pytest.fixture
def small(twice_published: Home, tmp_path: Path) -> Home:
    return homes.copy(twice_published.root, Home(tmp_path / "home"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with three pupils, a backup beside it; nobody may change it."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    home.claim("real")
    land(home, samples.ENROLLMENT)
    qhawaq(home.root, "--quiet", "backup", "--to", str(home.root.with_name("backups")))
    return home


@pytest.fixture
def landed(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path / "own")


@pytest.fixture(scope="module")
def without(made: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same without the pupil of `DOCUMENT`."""
    home = copied(made, tmp_path_factory.mktemp("without") / "own")
    erase(home, key_of(home))
    return home


@pytest.fixture
def erased(without: Home, tmp_path: Path) -> Home:
    return copied(without, tmp_path / "own")
