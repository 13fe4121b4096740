"""A publication that is killed leaves files that nobody reads: the next one, or the next `run`, removes, counts and says them."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.publish.home import with_marts
from warehouse.pipeline import run
from warehouse.pipeline.state import State
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.settings import Home

# Killed before the release is whole, and before anybody is switched to it.
KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse.progress import Progress
from warehouse.publish import releases, serving, switching
from warehouse.settings import Home
write, n = serving.write, 0
def killed(*given):
    global n
    n += 1
    return write(*given) if n < 4 else os.kill(os.getpid(), signal.SIGKILL)
serving.write = killed
releases.publish(Home(Path(sys.argv[1])), Progress(quiet=True), "k" * 8)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Home:
    """A home with a release, and what a killed publication left of another one: three files."""
    home = Home(tmp_path / "home")
    with_marts(home)
    releases.publish(home, Progress(quiet=True), "k" * 8)
    assert subprocess.run([sys.executable, "-c", KILLED, str(home.root)], check=False).returncode == -9
    assert len(left(home)) == 3
    return home


def left(home: Home) -> list[Path]:
    """Return the folders of releases that were never whole."""
    known = switching.kept(home)
    return [path for path in home.serving.rglob("*T*-*") if path.is_dir() and path.name not in known]


def test_the_next_publication_removes_it_and_says_how_much(killed: Home) -> None:
    told = io.StringIO()
    releases.publish(killed, Progress(stream=told), "k" * 8)
    assert left(killed) == []
    assert len(switching.kept(killed)) == 2
    assert "left by publications that were cut off, removed  folders=3" in told.getvalue()


def test_the_next_run_removes_it_with_nothing_new_and_says_how_much(
    killed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = switching.current(killed)
    monkeypatch.setattr(run, "land", lambda *_: [])
    monkeypatch.setattr(run.build, "set_day", lambda *_: date(2025, 12, 5))
    monkeypatch.setattr(run, "resume", lambda *_: State("key", {"publish": {"release": release}}))
    monkeypatch.setattr(run.summary, "is_told", lambda *_: True)
    said = run.run(killed, Progress(quiet=True))
    assert said.startswith(f"nothing new: release {release} is current")
    assert "removed 3 folders of publications that were cut off" in said
    assert left(killed) == []
    assert "removed" not in run.run(killed, Progress(quiet=True))


@pytest.mark.parametrize("after", [releases.sweep, lambda home: releases.rollback(home, switching.kept(home)[0])])
def test_what_a_killed_rollback_was_writing_goes_too(killed: Home, after: Callable[[Home], object]) -> None:
    code = "import os, sys; print(os.getpid())"
    dead = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    part = killed.serving / f".current.json.{dead}.part"
    part.write_text("{")
    after(killed)
    assert not part.exists()


def test_what_is_being_published_now_stays(killed: Home) -> None:
    with releases.database.warehouse(killed):  # as whoever publishes has it open
        found = subprocess.run(
            [sys.executable, "-c", SWEEP, str(killed.root)], check=False, capture_output=True, text=True
        )
    assert "HomeInUse" in found.stderr
    assert len(left(killed)) == 3


SWEEP = """
import sys
from pathlib import Path
from warehouse.publish import releases
from warehouse.settings import Home
releases.sweep(Home(Path(sys.argv[1])))
"""


def test_where_a_link_cannot_be_made_none_is_switched_and_the_next_call_switches_all(
    killed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are made first and renamed then: links of two releases are seen for as long as the renames take."""
    first = switching.current(killed)
    make, made = Path.symlink_to, []

    def fails(path: Path, target: str) -> None:
        made.append(path)
        if len(made) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        make(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "symlink_to", fails)
        with pytest.raises(OSError, match="No space"):
            releases.publish(killed, Progress(quiet=True), "k" * 8)
    links = list(killed.serving.rglob(switching.CURRENT))
    assert {link.readlink().parent.name for link in links} == {first}
    assert switching.follow(killed) == len(links) == 7
    assert switching.wrong_links(killed) == []
    assert list(killed.serving.rglob("*.tmp")) == []
