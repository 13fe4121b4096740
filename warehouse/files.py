"""Files on disk: written whole or not at all, read back before anybody relies on them, and their hashes.

Everything that writes a file of a home goes through here: aside, flushed and synced, closed, read back, renamed, and
the folder synced. Whatever is deleted afterwards (a delivery, an earlier release) is deleted only then.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from warehouse.errors import DamagedFile, NotWritten

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNFINISHED = re.compile(r"\.(\d+)\.part(\.wal)?$")  # the process id in a name that `replacing` gives
BLOCK = 1 << 20
Shape = TypeVar("Shape", dict[str, Any], list[Any])


@contextmanager
def replacing(path: Path, check: Callable[[Path], None] | None = None, is_new: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to, which then replaces the given path with its content on disk.

    A reader sees the old or the new content, never a part. If the block or the check fails, the old content stays.

    Args:
        path: what is replaced.
        check: raises where what stands on disk is not what was to be written.
        is_new: there is none yet; where another process is first, its file counts.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with naming(path, aside):
            aside.unlink(missing_ok=True)  # left by a dead process with our process id
            yield aside
            sync(aside)
            if check:
                check(aside)
            _take_place(aside, path, is_new)
    except BaseException:
        for left in (aside, aside.with_name(f"{aside.name}.wal")):
            with suppress(OSError):  # the first error says more
                left.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _take_place(aside: Path, path: Path, is_new: bool) -> None:
    if not is_new:
        aside.replace(path)
        return
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()


@contextmanager
def writing(
    path: Path, mode: int = 0o666, check: Callable[[Path], None] | None = None, is_new: bool = False
) -> Iterator[Stream]:
    """Yield a stream; what was given to it then stands whole under the path, read back.

    Raises:
        NotWritten: the disk holds something else than what was given.
        OSError: a write failed, also where the writer swallowed that.
    """
    with replacing(path, check, is_new) as aside:
        stream = Stream(aside, mode)
        try:
            yield stream
            stream.finish()
        except Exception as error:
            raise stream.error or error from None  # what a writer makes of an error says less
        finally:
            stream.close()
        if sha256(aside) != stream.sha256:
            raise NotWritten(f"{path} is not on the disk as it was written: {LOOK_AT_THE_DISK}")


LOOK_AT_THE_DISK = "look at the disk's health and its free space, then call again"


class Stream(io.RawIOBase):
    """A file that is being written: the hash of what was given, and the first error, which some writers swallow."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb", buffering=BLOCK)
        self._hash = hashlib.sha256()
        self.error: OSError | None = None

    @property
    def sha256(self) -> str:
        """The hash of what was given until now."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Take all of the content."""
        try:
            self._hash.update(content)
            return self._file.write(content)
        except OSError as error:
            self.error = self.error or error
            raise

    def finish(self) -> None:
        """Have everything on disk; raise the first error of all."""
        if self.error:
            raise self.error
        self._file.flush()
        os.fsync(self._file.fileno())
        if hasattr(os, "posix_fadvise"):  # what is read back comes from the disk, not from memory
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._file.close()

    def close(self) -> None:
        """Give the file back; after an error what it holds does not matter."""
        with suppress(OSError):
            self._file.close()
        super().close()


@contextmanager
def naming(path: Path, aside: Path | None = None) -> Iterator[None]:
    """Give errors of the block a file's name: one of an open file has none, and nobody knows the one aside."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(aside)):
            error.filename = str(path)
            error.filename2 = None
        raise


def write_whole(path: Path, content: str | bytes, mode: int = 0o666, is_new: bool = False) -> None:
    """Write a small file so that a reader sees the old or the new content, never a part."""
    with writing(path, mode, is_new=is_new) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


def copied(source: Path, target: Path) -> str:
    """Copy a file whole, with its times and rights, and return its hash."""
    with source.open("rb") as given, writing(target) as written, naming(source):
        while block := given.read(BLOCK):
            written.write(block)
    shutil.copystat(source, target)
    return written.sha256


def append(path: Path, line: Callable[[int], str], mode: int = 0o600) -> None:
    """Append a line whole, synced, while no other process appends; a part of a line never stays.

    Args:
        path: the file, made where there is none.
        line: makes the line from the open file, which it may read.
        mode: of a new file.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode)
    try:
        with naming(path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            content = f"{line(descriptor)}\n".encode()
            try:
                if os.write(descriptor, content) != len(content):
                    raise NotWritten(f"{path} did not take a whole line: {LOOK_AT_THE_DISK}")
                os.fsync(descriptor)
            except BaseException:
                os.ftruncate(descriptor, size)
                raise
    finally:
        os.close(descriptor)


def read_json(path: Path, shape: type[Shape], advice: str) -> Shape:
    """Read a small JSON file of a home.

    Args:
        path: the file.
        shape: what it holds, `dict` or `list`.
        advice: what to do where it is damaged.

    Raises:
        DamagedFile: it is empty, cut, or holds something else.
    """
    with naming(path):
        content = path.read_bytes()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # bytes that are no UTF-8 are a ValueError too
        raise DamagedFile(f"{path} is {'damaged' if content.strip() else 'empty'}: {advice}") from None
    if not isinstance(found, shape):
        raise DamagedFile(f"{path} is damaged, it holds no {'list' if shape is list else 'names'}: {advice}")
    return found


def remove_unfinished(folder: Path) -> int:
    """Remove what killed processes left of the files that they were writing below a folder; return how many.

    A file of a running process stays: it is being written now.
    """
    return _removed(folder.rglob(".*"))


def remove_unfinished_folders(folder: Path, name: str = "*") -> int:
    """Remove what killed processes left of the folders of this name that they were writing; return how many."""
    return _removed(folder.glob(f".{name}.*.part"))


def _removed(found: Iterable[Path]) -> int:
    """Remove what nobody writes any more."""
    left = [path for path in found if (made := UNFINISHED.search(path.name)) and not _runs(int(made[1]))]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return len(left)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside to write to, which then takes a name that is free, with everything in it on disk.

    If the block fails, nothing is left; of a killed process `remove_unfinished_folders` removes it.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(aside, ignore_errors=True)  # left by a dead process with our process id
    aside.mkdir(parents=True, mode=0o700)
    try:
        yield aside
        for inner in sorted((one for one in aside.rglob("*") if one.is_dir()), reverse=True):
            sync(inner)
        sync(aside)
        aside.rename(path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)  # the first error says more
        raise
    sync(path.parent)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync(path: Path) -> None:
    """Flush the content of a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal."""
    with path.open("rb") as file, naming(path):
        return hashlib.file_digest(file, "sha256").hexdigest()
