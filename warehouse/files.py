"""Files on disk: written whole and synced, and their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside a path to write to; at the end its content is on disk, and it takes the path's name.

    A reader sees the old or the new content, never a part. Where the block fails, the path stays as it was.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    aside.unlink(missing_ok=True)  # of a process that died, whose number is ours now
    try:
        yield aside
        sync(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new content, never a part."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
