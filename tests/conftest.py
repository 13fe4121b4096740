"""What every test may use: a real (empty) home and a way to deliver files into it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

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
