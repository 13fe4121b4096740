"""Careful reading, line by line: for a file of which a CSV reader would lose, double, shift or misread lines.

Each physical line is a row of exactly the header's number of fields in a known encoding, or rejected with its fault.
What is left is a clean copy in memory that any reader reads right.
"""

from __future__ import annotations

import gzip
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from warehouse import files
from warehouse.deliveries import Fault
from warehouse.landing import encodings

LARGEST = 1 << 30  # the copy lies in memory
MOST_JOINED = 50  # lines of one row
QUOTED = re.compile(rb'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Rejected:
    """A physical line that is no row, and its fault; the line's content is never kept."""

    line: int
    fault: Fault


class Shift(NamedTuple):
    """From this row of the copy (counted from 0) on, each row lies so many lines later than its position says."""

    first_row: int
    lines: int


@dataclass(frozen=True)
class Layout:
    """How a line becomes fields."""

    separator: bytes
    fields: int
    is_quoted: bool  # whether a quote has a meaning
    encoding: str  # by the contract


@dataclass
class Sifted:
    """The rows of a file in a clean copy, and what was rejected."""

    path: Path
    rows: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)


def can_sift(size: int) -> bool:
    """Return whether a file of so many bytes, decompressed, can be read carefully on this system."""
    return size <= LARGEST and hasattr(os, "memfd_create")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, decompressed."""
    with path.open("rb") as file, files.naming(path):
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield unzipped  # type: ignore[misc]  # reads as a file does
        else:
            yield file


@contextmanager
def sifted(path: Path, layout: Layout) -> Iterator[Sifted]:
    """Yield the clean copy of a file, in memory only: UTF-8, LF, whole rows."""
    descriptor = os.memfd_create("delivery")
    try:
        found = Sifted(Path(f"/proc/self/fd/{descriptor}"))
        with opened(path) as file, os.fdopen(os.dup(descriptor), "wb", buffering=1 << 20) as clean:
            clean.write(file.readline().rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf") + b"\n")
            clean.writelines(_rows(file, layout, found))
        yield found
    finally:
        os.close(descriptor)


def _rows(file: BinaryIO, layout: Layout, found: Sifted) -> Iterator[bytes]:
    """Yield each good row with its line end, and note where the rows of the copy lie in the file."""
    shift = 0
    rows = _quoted_rows(file, layout, found) if layout.is_quoted else _plain_rows(file, layout, found)
    for line, row in rows:
        if line - found.rows - 2 != shift:
            found.shifts.append(Shift(found.rows, line - found.rows - 2))
            shift = found.shifts[-1].lines
        found.rows += 1
        yield row + b"\n"


def _plain_rows(file: BinaryIO, layout: Layout, found: Sifted) -> Iterator[tuple[int, bytes]]:
    """Yield the number and content of each line that is a row: quotes are characters like any other."""
    wanted = layout.fields - 1
    for number, ended in enumerate(file, start=2):
        line = ended.rstrip(b"\r\n")
        text = line if line.isascii() else encodings.utf8(line, layout.encoding)
        if isinstance(text, Fault):
            found.rejected.append(Rejected(number, text))
        elif line.count(layout.separator) == wanted and line:
            yield number, text
        elif line:
            found.rejected.append(Rejected(number, _count_fault(line.count(layout.separator), wanted)))


def _count_fault(separators: int, wanted: int) -> Fault:
    return Fault.FEWER_COLUMNS if separators < wanted else Fault.MORE_COLUMNS


def _quoted_rows(file: BinaryIO, layout: Layout, found: Sifted) -> Iterator[tuple[int, bytes]]:
    """Yield the number and content of each row whose quotes are all in their places."""
    lines = [ended.rstrip(b"\r\n") for ended in file]
    record = _record(layout.separator)
    number = 0
    while number < len(lines):
        taken, row = _joined(lines, number, layout, record)
        text = row if row.isascii() else encodings.utf8(row, layout.encoding)
        fault = text if isinstance(text, Fault) else _quoted_fault(row, layout, record)
        if fault:
            found.rejected.append(Rejected(number + 2, fault))
        elif row and isinstance(text, bytes):
            yield number + 2, text
        number += taken


def _record(separator: bytes) -> re.Pattern[bytes]:
    """Return the expression of a whole row: each field is quoted as a whole or has no quote."""
    one = rb'(?:"(?:[^"]|"")*"|[^"\n%s]*)' % re.escape(separator)
    return re.compile(one + rb"(?:%s%s)*" % (re.escape(separator), one))


def _quoted_fault(row: bytes, layout: Layout, record: re.Pattern[bytes]) -> Fault | None:
    if not row:
        return None
    if b'"' in row and not record.fullmatch(row):
        return Fault.QUOTE_IN_LINE
    separators = QUOTED.sub(b"", row).count(layout.separator)
    return None if separators == layout.fields - 1 else _count_fault(separators, layout.fields - 1)


def _joined(lines: list[bytes], first: int, layout: Layout, record: re.Pattern[bytes]) -> tuple[int, bytes]:
    """Return how many lines a row takes and its content: a value in quotes may hold line breaks.

    A line that would be a row by itself is never inside another's value: there a quote is missing.
    """
    row = lines[first]
    if row.count(b'"') % 2 == 0 or _could_be_a_row(row, layout):
        return 1, row
    for taken, line in enumerate(itertools.islice(lines, first + 1, first + MOST_JOINED), start=2):
        if _could_be_a_row(line, layout):
            break
        row += b"\n" + line
        if line.count(b'"') % 2 and record.fullmatch(row):
            return taken, row
    return 1, lines[first]


def _could_be_a_row(line: bytes, layout: Layout) -> bool:
    return line.count(layout.separator) >= layout.fields - 1
