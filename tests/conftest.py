"""What every test may use: a real (empty) home and a way to deliver files into it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from warehouse.progress import Progress
from warehouse.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A new home marked real, for files that tests write by hand."""
    found = Home(tmp_path / "home")
    found.claim("real")
    return found


@pytest.fixture
def silent() -> Progress:
    return Progress(quiet=True)


def deliver(home: Home, name: str, content: bytes | str, encoding: str = "latin-1") -> Path:
    """Put a file into the inbox as if it had been there for an hour."""
    path = home.inbox / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return path


@dataclass(frozen=True)
class Country:
    """A small synthetic country after the main job: for tests that read and change nothing."""

    home: Home
    truth: Path

    def ask(self, sql: str) -> list[tuple]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    """Simulate 2,300 children over all the years with planted traps, and run the main job once for all workers."""
    root = shared(tmp_path_factory) / "country"
    with FileLock(str(root) + ".lock"):
        if not (root / "done").exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            qhawaq(root / "home", "simulate", "--children", "2300", "--truth", str(root / "truth"))
            said = qhawaq(root / "home", "run")
            (root / "done").write_text(said.stdout + said.stderr)
    return Country(Home(root / "home"), root / "truth")


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this session share, and no other session."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def qhawaq(home: Path, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does."""
    command = [sys.executable, "-m", "warehouse", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == expect, done.stdout[-3000:] + done.stderr[-3000:]
    return done
