"""Tables in dBASE's format (DBF), as the register is downloaded: records of fixed width, read block by block.

Our own reader, since the format is a header and a rectangle of bytes: the packages that read it go record by record in
Python, and are no longer kept or bring more than this.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

HEADER = struct.Struct("<B3sIHH17xB2x")  # version, date, records, bytes of the header, bytes of a record, code page
FIELD = struct.Struct("<11sc4xB15x")  # name, kind, bytes
FIELDS_END = b"\r"
DELETED = b"*"
TEXTS = "CNFDL"  # kinds whose value stands in the record as text; others point into another file
LONGEST_RECORD = 65_535
BLOCK_RECORDS = 20_000
# What the header's byte for the code page says, where it says one that is not the contract's.
CODE_PAGES = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252"}


class BadTable(Exception):
    """The bytes are no DBF table, or not all of one."""


class Field(NamedTuple):
    """A column of fixed width."""

    name: str
    kind: str
    start: int
    length: int


@dataclass(frozen=True)
class TableLayout:
    """What a table's header says."""

    records: int
    record_length: int
    encoding: str | None
    fields: tuple[Field, ...]

    @cached_property
    def names(self) -> list[str]:
        """The columns whose values stand in the table itself, in lower case."""
        return [field.name for field in self.fields if field.kind in TEXTS]

    def dtype(self, names: Sequence[str]) -> np.dtype:
        """Return a record as numpy reads it: whether it is deleted, and some of its columns."""
        fields = {field.name: field for field in self.fields}
        chosen = [("", Field("", "C", 0, 1)), *((name, fields[name]) for name in names)]
        return np.dtype(
            {
                "names": [f"f{number}" for number in range(len(chosen))],
                "formats": [f"S{field.length}" for _, field in chosen],
                "offsets": [field.start for _, field in chosen],
                "itemsize": self.record_length,
            }
        )


def layout(stream: IO[bytes]) -> TableLayout:
    """Read a table's header; the stream then stands at its first record.

    Raises:
        BadTable: the header does not agree with itself.
    """
    start = stream.read(HEADER.size)
    if len(start) < HEADER.size:
        raise BadTable
    _, _, records, header_length, record_length, code_page = HEADER.unpack(start)
    rest = stream.read(max(header_length - HEADER.size, 0))
    fields = tuple(_fields(rest))
    if not fields or len(rest) != header_length - HEADER.size or fields[-1].start + fields[-1].length != record_length:
        raise BadTable
    return TableLayout(records, record_length, CODE_PAGES.get(code_page), fields)


def _fields(rest: bytes) -> Iterator[Field]:
    """Yield the columns that a header describes, up to the mark of its end."""
    start = 1  # after the mark of a deleted record
    for position in range(0, len(rest), FIELD.size):
        described = rest[position : position + FIELD.size]
        if described.startswith(FIELDS_END):
            return
        if len(described) < FIELD.size:
            raise BadTable
        name, kind, length = FIELD.unpack(described)
        yield Field(
            name.split(b"\0")[0].decode("ascii", "replace").strip().lower(), kind.decode("latin-1"), start, length
        )
        start += length
    raise BadTable


def blocks(stream: IO[bytes], table: TableLayout, names: Sequence[str], encoding: str) -> Iterator[pa.Table]:
    """Yield the records that are not marked as deleted, as text, with some of the columns.

    Raises:
        BadTable: the table is cut.
    """
    dtype = table.dtype(names)
    for first in range(0, table.records, BLOCK_RECORDS):
        n = min(BLOCK_RECORDS, table.records - first)
        content = stream.read(n * table.record_length)
        if len(content) != n * table.record_length:
            raise BadTable
        records = np.frombuffer(content, dtype=dtype)
        kept = records[records["f0"] != DELETED]
        columns = [_text(kept[f"f{number}"], encoding) for number in range(1, len(names) + 1)]
        yield pa.table(columns, names=list(names))


def _text(values: NDArray[np.bytes_], encoding: str) -> pa.Array:
    """Return a column as text, without the blanks that fill it and without line ends inside it."""
    text = pa.array(np.char.decode(values, encoding, "replace"), pa.string())
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"[\x00-\x1f\x7f]+", " "))
