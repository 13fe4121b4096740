"""Nobody but its owner reads a home, however it was made; the owner's group reads what is published, and no more."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import modes
from warehouse.settings import Home


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_was_made_by_hand_is_narrowed_by_what_writes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.inbox.mkdir(parents=True)
    (home.root / "home.json").write_text('{"kind": "real"}')
    deliver(home, samples.ATTENDANCE, samples.attendance())
    assert (mode(home.root), mode(home.inbox)) == (0o755, 0o755)
    assert "open         4 files and folders to others" in qhawaq(home.root, "status", expect=0).stdout
    qhawaq(home.root, "land")
    assert {mode(path) for path in [home.root, *home.root.rglob("*")] if path.is_dir()} == {0o700}
    assert {mode(path) for path in home.root.rglob("*") if path.is_file()} == {0o600}
    assert "open   " not in qhawaq(home.root, "status").stdout


def test_what_is_published_may_be_read_by_the_group_and_nothing_else(home: Home) -> None:
    for name in ("serving/officials/r1/qhawaq.duckdb", "serving/service/r1/qhawaq.duckdb", "archive/x.age"):
        path = home.root / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        path.chmod(0o777)
    (home.root / "serving" / "officials" / "current.duckdb").symlink_to("r1/qhawaq.duckdb")
    home.root.chmod(0o777)
    assert modes.narrow(home) == 11
    assert mode(home.root) == 0o700
    assert mode(home.serving) == 0o750
    assert mode(home.serving / "officials" / "r1" / "qhawaq.duckdb") == 0o640
    assert mode(home.archive / "x.age") == 0o600
    assert modes.narrow(home) == 0


def test_publishing_opens_a_file_and_its_folders_to_the_group(home: Home) -> None:
    path = home.serving / "education" / "150101" / "r1" / "qhawaq.duckdb"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(b"x")
    path.chmod(0o600)
    modes.publish(home, path)
    assert mode(path) == 0o640
    assert {mode(folder) for folder in (path.parent, *path.parents[1:4])} == {0o750}
    assert mode(home.root) == 0o700
