"""Version and commit of this Qhawaq."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from warehouse.settings import REPOSITORY

COMMIT_FILE = Path(__file__).with_name("commit.txt")  # written into a wheel by hatch_build.py
DESCRIBE = ("git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty")


def described() -> str:
    """Return version and commit, for example `0.1.0 (commit 0123456789ab)`; `-dirty` follows uncommitted changes."""
    return f"{version('qhawaq')} (commit {_commit()})"


def _commit() -> str:
    """Return the commit of the wheel or the working tree, `unknown` where neither is known."""
    if COMMIT_FILE.exists():
        return COMMIT_FILE.read_text(encoding="utf-8")
    if not (REPOSITORY / ".git").exists():
        return "unknown"
    try:
        return subprocess.run(DESCRIBE, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  fixed words
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
