"""Who else on the machine may read a home: nobody; but the group of its owner what is published.

A home that was made by hand or by a former version may be open to others. Whatever command writes narrows it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from warehouse.settings import Home

FOLDER = 0o700
FILE = 0o600
PUBLISHED_FOLDER = 0o750  # a Grafana of another user reads by the group
PUBLISHED_FILE = 0o640


def publish(home: Home, file: Path) -> None:
    """Let the owner's group read a published file and its folders; those above keep everybody else out."""
    file.chmod(PUBLISHED_FILE)
    for folder in file.parents:
        if not folder.is_relative_to(home.serving):
            break
        folder.chmod(PUBLISHED_FOLDER)


def wide(home: Home) -> Iterator[tuple[Path, int]]:
    """Yield what others than the owner can read or write, with the mode that it should have."""
    yield from _wide(home.root, FOLDER)
    for folder, names, files in os.walk(home.root):
        is_published = Path(folder).is_relative_to(home.serving)
        for name in names:
            is_serving = is_published or Path(folder, name) == home.serving
            yield from _wide(Path(folder, name), PUBLISHED_FOLDER if is_serving else FOLDER)
        for name in files:
            yield from _wide(Path(folder, name), PUBLISHED_FILE if is_published else FILE)


def _wide(path: Path, most: int) -> Iterator[tuple[Path, int]]:
    with suppress(FileNotFoundError):  # of another process that writes
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) & ~most:
            yield path, stat.S_IMODE(mode) & most


def narrow(home: Home) -> int:
    """Take away what others may do with a home; return of how many files and folders, without those of other owners."""
    narrowed = 0
    for path, mode in wide(home):
        with suppress(FileNotFoundError, PermissionError):
            path.chmod(mode)
            narrowed += 1
    return narrowed
