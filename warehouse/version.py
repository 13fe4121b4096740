"""Which Qhawaq this is: its version, and the commit that it was built from."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from warehouse.settings import REPOSITORY

NOTE = Path(__file__).with_name("commit.txt")  # written into a wheel by hatch_build.py
DESCRIBE = ("git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty")


def said() -> str:
    """Return version and commit, for example `0.1.0 (commit 0123456789ab)`; `-dirty` follows uncommitted changes."""
    return f"{version('qhawaq')} (commit {_commit()})"


def _commit() -> str:
    if NOTE.exists():
        return NOTE.read_text(encoding="utf-8")
    if not (REPOSITORY / ".git").exists():
        return "unknown"
    try:
        return subprocess.run(DESCRIBE, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  fixed words
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
