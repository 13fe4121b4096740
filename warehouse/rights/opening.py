"""What a file holds inside: packed, encoded in text, or in a database of another kind."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

DEEPEST = 5  # files within files
LARGEST = 1 << 30  # bytes that one file may unpack to
SQLITE = b"SQLite format 3\0"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
IN_LINES = re.compile(rb"(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]+={0,2}")  # as mail and command lines write it
# How a file begins that is packed or laid out in a way that is not read here → what it is.
CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"%PDF": "PDF",
    b"PAR1": "Parquet in another file",
    b"age-encryption": "sealed with age in another file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


class _NotRead(Exception):
    """A part of a file cannot be looked into: nobody can say what it holds."""


def contents(content: bytes, unread: set[str], depth: int = 0) -> Iterator[bytes]:
    """Yield a content, and whatever is packed or encoded in it.

    Args:
        content: the content.
        unread: takes what cannot be looked into: of a kind that is not read, with a password, damaged, deep or large.
        depth: in how many files it is packed.
    """
    if content.startswith(UTF_16):
        content = content.replace(b"\0", b"")  # digits are digits then
    yield content
    if kind := _closed(content, depth):
        unread.add(kind)
    elif unpack := _unpacker(content):
        try:
            for part in _unpacked(unpack, content):
                yield from contents(part, unread, depth + 1)
        except _NotRead as error:
            unread.add(str(error))
    else:
        for part in _decoded(content):
            yield from contents(part, unread, depth + 1) if _unpacker(part) else [part]


def in_sqlite(path: Path, unread: set[str]) -> Iterator[bytes]:
    """Yield every value of a SQLite database as text, and what is packed in a value."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                for value in chain.from_iterable(db.execute(f'select * from "{table}"')):
                    yield from contents(value if isinstance(value, bytes) else str(value).encode(), unread)
    except sqlite3.Error as error:
        unread.add(f"a SQLite database that does not open ({type(error).__name__})")


def _closed(content: bytes, depth: int) -> str:
    """Return why a content is not looked into, by how it begins; nothing where it is."""
    if depth > DEEPEST:
        return "files that are packed in each other too often"
    if content[8:12] == b"DUCK" or content.startswith(SQLITE):
        return "a database in another file"
    return next((kind for begin, kind in CLOSED.items() if content.startswith(begin)), "")


def _unpacker(content: bytes) -> Callable[[bytes], Iterator[bytes]] | None:
    """Return how to unpack a content, by how it begins; None where it is not packed."""
    return next((unpack for begin, unpack in UNPACKERS.items() if content.startswith(begin)), None)


def _unpacked(unpack: Callable[[bytes], Iterator[bytes]], content: bytes) -> Iterator[bytes]:
    left = LARGEST
    try:
        for part in unpack(content):
            left -= len(part)
            if left < 0:
                raise _NotRead("what unpacks to more than is read")
            yield part
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        raise _NotRead("what does not unpack whole: damaged, or with a password") from None


def _in_zip(content: bytes) -> Iterator[bytes]:
    """Yield the files of a ZIP, which spreadsheets and text documents are too."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for entry in packed.infolist():
            yield entry.filename.encode()
            with packed.open(entry) as file:
                yield file.read(LARGEST + 1)


def _read_all(open_file: Callable[[io.BytesIO], io.BufferedIOBase]) -> Callable[[bytes], Iterator[bytes]]:
    def unpack(content: bytes) -> Iterator[bytes]:
        with open_file(io.BytesIO(content)) as file:
            yield file.read(LARGEST + 1)

    return unpack


UNPACKERS: dict[bytes, Callable[[bytes], Iterator[bytes]]] = {
    b"\x1f\x8b": _read_all(lambda file: gzip.GzipFile(fileobj=file)),
    b"\xfd7zXZ\0": _read_all(lzma.LZMAFile),
    b"BZh": _read_all(bz2.BZ2File),
    b"PK\x03\x04": _in_zip,
}


def _decoded(content: bytes) -> Iterator[bytes]:
    """Yield what words of a text say that may be base64; two such layers are not looked through."""
    found = []
    words = [match[0] for match in ENCODED.finditer(content)]
    words += [match[0].replace(b"\r", b"").replace(b"\n", b"") for match in IN_LINES.finditer(content)]
    for encoded in words:
        word = encoded.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        with suppress(binascii.Error):
            found.append(base64.b64decode(word + b"=" * (-len(word) % 4)))
    yield from (part for part in found if _unpacker(part))
    if found:
        yield b"\n".join(found)
