"""Files on disk: atomic, synced writes and hashes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = re.compile(r"\.(\d+)\.part(\.wal)?$")  # the process id in a name that `replacing` gives


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which then replaces the given path with its content on disk.

    A reader sees the old or the new content, never a part. If the block fails, the old content stays.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    aside.unlink(missing_ok=True)  # left by a dead process with our process id
    try:
        yield aside
        sync(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove_unfinished(folder: Path) -> int:
    """Remove what killed processes left of the files that they were writing below a folder; return how many.

    A file of a running process stays: it is being written now.
    """
    left = [path for path in folder.rglob(".*") if (made := UNFINISHED.search(path.name)) and not _runs(int(made[1]))]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new content, never a part."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Flush the content of a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
