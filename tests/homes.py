"""Homes that take long to make: made once for all workers, in the background, and kept for as long as the code is the same.

`python -m tests.homes country FOLDER` makes one. They lie in `.pytest_cache/homes`, one of each name.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from filelock import FileLock

from warehouse.build import code
from warehouse.settings import REPOSITORY, Home

KEPT = REPOSITORY / ".pytest_cache" / "homes"
SIMULATE, RUN, CLOSED = "simulate", "run", "tests.closed"
# Name → what is called one after the other. All years, with planted traps, of as few children as show them all.
HOMES: dict[str, list[list[str]]] = {
    "country": [[SIMULATE, "--children", "2300"], [RUN]],
    "short": [
        [SIMULATE, "--children", "500", "--years", "2023-2024"],
        ["land"],
        [CLOSED],
    ],  # for tests of closed dates
}


class HomeNotMade(Exception):
    """A command that makes a home failed."""


def start(name: str) -> None:
    """Begin to make a home, if nobody has, without waiting for it."""
    if not (_folder(name) / "done").exists():
        command = [sys.executable, "-m", "tests.homes", name]
        subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)


@cache  # what is changed while tests run makes no other home
def get(name: str) -> Path:
    """Return the folder of a finished home, which holds `home` and `truth`; nobody may change them.

    Raises:
        HomeNotMade: a command failed; what it said is in the error.
    """
    folder = _folder(name)
    KEPT.mkdir(parents=True, exist_ok=True)
    with FileLock(KEPT / f"{name}.lock"):
        if not (folder / "done").exists():
            for old in KEPT.glob(f"{name}-*"):
                shutil.rmtree(old)
            folder.mkdir()
            for call in HOMES[name]:
                _call(folder, call)
            (folder / "done").touch()
    return folder


def latest(name: str) -> Path | None:
    """Return the folder of a finished home of this code or of the code before a change; nothing where there is none."""
    done = sorted(KEPT.glob(f"{name}-*/done"), key=lambda path: path.stat().st_mtime)
    return done[-1].parent if done else None


def copy(home: Path, to: Home, *without: str) -> Home:
    """Copy a home, without some of its folders and without the SQL that dbt ran: so many files, and nobody reads them."""
    shutil.copytree(home, to.root, symlinks=True, ignore=shutil.ignore_patterns("run", *without))
    return to


def _call(folder: Path, call: list[str]) -> None:
    more = ["--truth", str(folder / "truth")] if call[0] == SIMULATE else []
    command = [sys.executable, "-m", "tests.threads", "--home", str(folder / "home"), *call, *more]
    if call == [CLOSED]:
        command = [sys.executable, "-m", CLOSED, str(folder / "home")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise HomeNotMade(f"{' '.join(call)} ended in {done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}")


def _folder(name: str) -> Path:
    """Return where a home lies: its name and a hash of whatever decides what is in it."""
    installed = sorted(f"{one.name} {one.version}" for one in distributions())
    made = f"{code.code_hash()} {installed} {sys.version} {HOMES[name]}"
    return KEPT / f"{name}-{hashlib.sha256(made.encode()).hexdigest()[:16]}"


if __name__ == "__main__":
    get(sys.argv[1])
