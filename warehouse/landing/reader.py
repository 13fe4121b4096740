"""Strict reading of one file in a throw-away DuckDB, verified by the law of conservation of lines."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.database import quoted, value
from warehouse.deliveries import DeliveryRefused, Fault
from warehouse.landing.bytescan import LONGEST_LINE, Scan

LARGEST_MIXED = 1 << 30
# DuckDB's kinds of rejected lines → ours.
REJECTS = {
    "MISSING COLUMNS": Fault.FEWER_COLUMNS,
    "TOO MANY COLUMNS": Fault.MORE_COLUMNS,
    "UNQUOTED VALUE": Fault.QUOTE_IN_LINE,
    "LINE SIZE OVER MAXIMUM": Fault.LONG_LINE,
    "INVALID ENCODING": Fault.ENCODING,
}


@dataclass(frozen=True)
class Rejected:
    """A physical line that is no row, and its fault; the line's content is never kept."""

    line: int
    fault: Fault


class BrokenRow(NamedTuple):
    """A row with line breaks inside its values."""

    row: int  # position in the file, from 0
    breaks: int


class Shift(NamedTuple):
    """Physical lines that are no rows of their own: every row from `first_row` on begins `lines` lines later."""

    first_row: int
    lines: int


def encoding_of(contract_encoding: str, scan: Scan) -> str:
    """Return the encoding of a scanned file.

    Raises:
        DeliveryRefused: the bytes are in no encoding that a contract may state.
    """
    if scan.bom == "utf-16":
        raise DeliveryRefused(Fault.UTF16, encoding=contract_encoding)
    if scan.carriage_returns > scan.crlf:
        raise DeliveryRefused(Fault.LONE_CARRIAGE_RETURN)
    if scan.is_ascii or scan.is_utf8:
        return "utf-8"
    if contract_encoding == "utf-8":
        raise DeliveryRefused(Fault.NOT_UTF8)
    return "latin-1"


def read(
    db: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Sequence[str],
    separator: str,
    encoding: str,
    scan: Scan,
) -> list[Rejected]:
    """Read every row as text into `temp.lines(_line, …)` and return the rejected lines.

    Raises:
        DeliveryRefused: rows would be lost, doubled or shifted.
    """
    if encoding == "latin-1" and scan.some_utf8_lines:
        with as_utf8(path, scan) as copy:
            return read(db, copy, columns, separator, "utf-8", scan)
    source = _source(path, columns, separator, encoding, strict=not scan.mixes_line_ends)
    rejected: list[Rejected] = []
    try:
        db.execute(f"create or replace temp table rows as select * from {source}")
    except duckdb.Error:  # its text holds the child's line: never shown
        rejected = _read_with_rejects(db, source)
    _number_lines(db, columns, scan, rejected)
    return rejected


def plain_rows(path: Path, columns: Sequence[str], separator: str, encoding: str) -> str:
    """Return SQL of the rows of a plain file as text, each with its line: DuckDB keeps the file's order."""
    return (
        f"(select row_number() over () + 1 as _line, * from {_source(path, columns, separator, encoding, strict=True)})"
    )


def _source(path: Path, columns: Sequence[str], separator: str, encoding: str, strict: bool) -> str:
    typed = ", ".join(f"{quoted(name, chr(39))}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({quoted(str(path), chr(39))}, auto_detect=false, header=true, columns={{{typed}}}, "
        f"delim={quoted(separator, chr(39))}, quote='\"', escape='\"', encoding='{encoding}', "
        f"max_line_size={2 * LONGEST_LINE}, strict_mode={str(strict).lower()}, allow_quoted_nulls=false, "
        f"compression='{'gzip' if path.suffix == '.gz' else 'none'}')"
    )


def _read_with_rejects(db: duckdb.DuckDBPyConnection, source: str) -> list[Rejected]:
    for table in ("reject_errors", "reject_scans"):
        db.execute(f"drop table if exists temp.{table}")
    lenient = source[:-1] + ", store_rejects=true)"
    try:
        db.execute(f"create or replace temp table rows as select * from {lenient}")
    except duckdb.Error as error:
        raise _unreadable(error) from None
    rejects = db.execute("select line, min(error_type) from temp.reject_errors group by line order by line").fetchall()
    return [Rejected(int(line), REJECTS.get(str(kind), Fault.UNREADABLE_LINE)) for line, kind in rejects]


def _unreadable(error: duckdb.Error) -> DeliveryRefused:
    """Return the refusal for an error of DuckDB, which names the line in its text only; the text is never shown."""
    line = re.search(r"[Ll]ine:? (\d+)", str(error))
    return DeliveryRefused(Fault.UNREADABLE_NEAR, line=int(line[1])) if line else DeliveryRefused(Fault.UNREADABLE)


def _broken_rows(db: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> list[BrokenRow]:
    """Return the rows with line breaks inside their values."""
    breaks = " + ".join(f"coalesce(len({quoted(c)}) - len(replace({quoted(c)}, chr(10), '')), 0)" for c in columns)
    rows = db.execute(f"select rowid, {breaks} from rows where {breaks} > 0 order by rowid").fetchall()
    return list(itertools.starmap(BrokenRow, rows))


def _number_lines(db: duckdb.DuckDBPyConnection, columns: Sequence[str], scan: Scan, rejected: list[Rejected]) -> None:
    """Number each row with the physical line on which it begins, and verify the law of conservation.

    physical lines = header + accepted + line breaks inside accepted values + rejected lines + blank lines
    """
    broken = _broken_rows(db, columns) if scan.first_odd_quote is not None else []
    accepted = value(db, "select count(*) from rows")
    inside = sum(row.breaks for row in broken)
    _conserve(scan, scan.lines - 1 - accepted - inside - len(rejected) - len(scan.blank_lines))
    skipped = sorted([reject.line for reject in rejected] + scan.blank_lines)
    db.execute("create or replace temp table shifts (first_row bigint, lines bigint)")
    if shifts := _shifts(skipped, broken):
        db.executemany("insert into shifts (first_row, lines) values (?, ?)", shifts)
        shift = "(select coalesce(sum(shifts.lines), 0) from shifts where first_row <= rows.rowid)"
    else:
        shift = "0"
    db.execute(f"create or replace temp view lines as select rowid + 2 + {shift} as _line, * from rows")


def _utf8(line: bytes) -> bytes:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1").encode("utf-8")
    return line


def _conserve(scan: Scan, lost: int) -> None:
    if not lost:
        return
    if scan.first_odd_quote:
        raise DeliveryRefused(Fault.QUOTE_OPEN, lines=abs(lost), line=scan.first_odd_quote)
    raise DeliveryRefused(Fault.LINES_LOST if lost > 0 else Fault.LINES_DOUBLED, lines=abs(lost))


def _shifts(skipped: list[int], broken: list[BrokenRow]) -> list[Shift]:
    """Return the shifts that skipped physical lines and rows with line breaks cause."""
    shifts = [Shift(row + 1, breaks) for row, breaks in broken]
    for line in skipped:
        row = line - 2
        while (moved := line - 2 - _shifted(shifts, row)) != row and moved >= 0:
            row = moved
        shifts.append(Shift(row, 1))
    return shifts


def _shifted(shifts: list[Shift], row: int) -> int:
    """Return by how many lines a row is shifted."""
    return sum(shift.lines for shift in shifts if shift.first_row <= row)


@contextmanager
def as_utf8(path: Path, scan: Scan) -> Iterator[Path]:
    """Yield a UTF-8 copy, in memory only, of a file whose lines mix UTF-8 and latin-1.

    Raises:
        DeliveryRefused: the file is too large for memory, or this system has no in-memory files.
    """
    if scan.size > LARGEST_MIXED or path.suffix == ".gz" or not hasattr(os, "memfd_create"):
        raise DeliveryRefused(Fault.MIXED_ENCODINGS)
    descriptor = os.memfd_create("delivery")
    with path.open("rb") as mixed, os.fdopen(os.dup(descriptor), "wb") as plain:
        plain.writelines(map(_utf8, mixed))
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
