"""Strict reading of one file in a throw-away DuckDB, verified by the law of conservation of lines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.database import OF_MACHINE, quoted, value
from warehouse.deliveries import DeliveryRefused, Fault
from warehouse.landing import encodings, lines
from warehouse.landing.bytescan import LONGEST_LINE, Scan
from warehouse.landing.lines import Rejected, Shift

# DuckDB's kinds of rejected lines → ours.
REJECTS = {
    "MISSING COLUMNS": Fault.FEWER_COLUMNS,
    "TOO MANY COLUMNS": Fault.MORE_COLUMNS,
    "UNQUOTED VALUE": Fault.QUOTE_IN_LINE,
    "LINE SIZE OVER MAXIMUM": Fault.LONG_LINE,
    "INVALID ENCODING": Fault.ENCODING,
}


class BrokenRow(NamedTuple):
    """A row with line breaks inside its values."""

    row: int  # position in the file, from 0
    breaks: int


class Format(NamedTuple):
    """How a delivery is written."""

    columns: Sequence[str]
    separator: str
    encoding: str  # as its contract says: utf-8, or latin-1 with UTF-8 lines among it
    is_quoted: bool  # whether a quote has a meaning

    def is_regular(self, scan: Scan) -> bool:
        """Return whether each line must be one row: quotes mean nothing, or there are none."""
        return not self.has_quotes(scan) and not _needs_care(scan) and scan.has_regular_rows(len(self.columns))

    def is_strict(self, scan: Scan) -> bool:
        """Return whether it has quotes, all of which seem to be in their places."""
        return self.has_quotes(scan) and scan.first_odd_quote is None and not _needs_care(scan)

    def has_quotes(self, scan: Scan) -> bool:
        """Return whether there are quotes that have a meaning."""
        return self.is_quoted and scan.has_quotes


def _needs_care(scan: Scan) -> bool:
    """Return whether a CSV reader would misread characters or lines."""
    return scan.mixes_line_ends or scan.mixes_encodings or scan.has_odd_text


def check_encoding(contract_encoding: str, scan: Scan) -> None:
    """Refuse bytes that are in no encoding that a contract may state.

    Raises:
        DeliveryRefused: the reason names the encoding.
    """
    if scan.bom == "utf-16":
        raise DeliveryRefused(Fault.UTF16, encoding=contract_encoding)
    if scan.carriage_returns > scan.crlf:
        raise DeliveryRefused(Fault.LONE_CARRIAGE_RETURN)


def read(db: duckdb.DuckDBPyConnection, path: Path, shape: Format, scan: Scan) -> list[Rejected]:
    """Read every row as text into `temp.lines(_line, …)` and return the rejected lines.

    Raises:
        DeliveryRefused: the file is in another encoding, or rows would be lost, doubled or shifted.
    """
    _check_encodings(path, shape, scan)
    if _reads_strictly(db, path, shape, scan):
        _number_lines(db, shape, scan, [])
        return []
    if lines.can_sift(scan.unzipped) and not shape.is_regular(scan):
        return _read_carefully(db, path, shape)
    if _needs_care(scan):
        raise DeliveryRefused(Fault.MIXED_ENCODINGS if scan.has_odd_text or scan.mixes_encodings else Fault.UNREADABLE)
    return _read_at_once(db, path, shape, scan)


def _check_encodings(path: Path, shape: Format, scan: Scan) -> None:
    """Refuse bytes that are in no encoding of a source, and note of the others in which they are."""
    if scan.is_utf8 or (shape.encoding != "utf-8" and not scan.has_odd_text):
        return
    with lines.opened(path) as file:
        counts = encodings.tally(file)
    encodings.check(counts, shape.encoding)
    scan.read_as = encodings.NAMES[encodings.WINDOWS] if counts.has_windows else None


def _read_carefully(db: duckdb.DuckDBPyConnection, path: Path, shape: Format) -> list[Rejected]:
    """Read the clean copy of a file's good rows; no row can be lost or doubled in it unseen."""
    layout = lines.Layout(shape.separator.encode(), len(shape.columns), shape.is_quoted, shape.encoding)
    with lines.sifted(path, layout) as clean:
        _read_rows(db, _source(clean.path, shape, "utf-8"))
    if value(db, "select count(*) from rows") != clean.rows:
        raise DeliveryRefused(Fault.UNREADABLE)
    _number(db, clean.shifts)
    return clean.rejected


def _reads_strictly(db: duckdb.DuckDBPyConnection, path: Path, shape: Format, scan: Scan) -> bool:
    """Read a file of which all quotes seem to be in their places into `temp.rows`; return whether they are."""
    if not shape.is_strict(scan):
        return False
    try:
        _read_rows(db, _source(path, shape, _bytes_encoding(scan)))
    except DeliveryRefused:
        return False
    inside = _times_in_row(shape.columns, quoted(shape.separator, "'"))
    n_rows, within = db.execute(f"select count(*), coalesce(sum({inside}), 0) from rows").fetchone() or (0, 0)
    separators = (len(shape.columns) - 1) * (n_rows + 1) + within
    return n_rows == scan.lines - 1 - len(scan.blank_lines) and separators == scan.separators


def _times_in_row(columns: Sequence[str], sign: str) -> str:
    """Return SQL for how often a sign, itself SQL, is in the values of a row."""
    return " + ".join(f"coalesce(len({quoted(c)}) - len(replace({quoted(c)}, {sign}, '')), 0)" for c in columns)


def _read_rows(db: duckdb.DuckDBPyConnection, source: str) -> None:
    """Read a source into `temp.rows`.

    Raises:
        DeliveryRefused: DuckDB cannot read it.
    """
    try:
        db.execute(f"create or replace temp table rows as select * from {source}")
    except OF_MACHINE:  # a full disk says nothing about the file
        raise
    except duckdb.Error as error:  # its text holds the child's line: never shown
        raise _unreadable(error) from None


def _read_at_once(db: duckdb.DuckDBPyConnection, path: Path, shape: Format, scan: Scan) -> list[Rejected]:
    """Read a file as it is; lines that DuckDB rejects are verified by the law of conservation."""
    source = _source(path, shape, _bytes_encoding(scan))
    rejected: list[Rejected] = []
    try:
        _read_rows(db, source)
    except DeliveryRefused:
        rejected = _read_with_rejects(db, source)
    _number_lines(db, shape, scan, rejected)
    return rejected


def plain_rows(path: Path, shape: Format, scan: Scan) -> str:
    """Return SQL of the rows of a plain file as text, each with its line: DuckDB keeps the file's order."""
    source = _source(path, shape, _bytes_encoding(scan))
    return f"(select row_number() over () + 1 as _line, * from {source})"


def _bytes_encoding(scan: Scan) -> str:
    """Return the encoding in which DuckDB reads a file as it is."""
    return "utf-8" if scan.is_utf8 else "latin-1"


def _source(path: Path, shape: Format, encoding: str) -> str:
    typed = ", ".join(f"{quoted(name, chr(39))}: 'VARCHAR'" for name in shape.columns)
    mark = '"' if shape.is_quoted else ""
    return (
        f"read_csv({quoted(str(path), chr(39))}, auto_detect=false, header=true, columns={{{typed}}}, "
        f"delim={quoted(shape.separator, chr(39))}, quote='{mark}', escape='{mark}', encoding='{encoding}', "
        f"max_line_size={2 * LONGEST_LINE}, strict_mode=true, allow_quoted_nulls=false, "
        f"compression='{'gzip' if path.suffix == '.gz' else 'none'}')"
    )


def _read_with_rejects(db: duckdb.DuckDBPyConnection, source: str) -> list[Rejected]:
    for table in ("reject_errors", "reject_scans"):
        db.execute(f"drop table if exists temp.{table}")
    _read_rows(db, source[:-1] + ", store_rejects=true)")
    rejects = db.execute("select line, min(error_type) from temp.reject_errors group by line order by line").fetchall()
    return [Rejected(int(line), REJECTS.get(str(kind), Fault.UNREADABLE_LINE)) for line, kind in rejects]


def _unreadable(error: duckdb.Error) -> DeliveryRefused:
    """Return the refusal for an error of DuckDB, which names the line in its text only; the text is never shown."""
    line = re.search(r"[Ll]ine:? (\d+)", str(error))
    return DeliveryRefused(Fault.UNREADABLE_NEAR, line=int(line[1])) if line else DeliveryRefused(Fault.UNREADABLE)


def _broken_rows(db: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> list[BrokenRow]:
    """Return the rows with line breaks inside their values."""
    breaks = _times_in_row(columns, "chr(10)")
    rows = db.execute(f"select rowid, {breaks} from rows where {breaks} > 0 order by rowid").fetchall()
    return list(itertools.starmap(BrokenRow, rows))


def _number_lines(db: duckdb.DuckDBPyConnection, shape: Format, scan: Scan, rejected: list[Rejected]) -> None:
    """Number each row with the physical line on which it begins, and verify the law of conservation.

    physical lines = header + accepted + line breaks inside accepted values + rejected lines + blank lines
    """
    broken = _broken_rows(db, shape.columns) if shape.is_quoted and scan.first_odd_quote is not None else []
    accepted = value(db, "select count(*) from rows")
    inside = sum(row.breaks for row in broken)
    _conserve(scan, scan.lines - 1 - accepted - inside - len(rejected) - len(scan.blank_lines))
    _number(db, _summed(_shifts(sorted([reject.line for reject in rejected] + scan.blank_lines), broken)))


def _number(db: duckdb.DuckDBPyConnection, shifts: Sequence[Shift]) -> None:
    """Create `temp.lines`: the rows, each with the physical line on which it begins."""
    if not shifts:
        db.execute("create or replace temp view lines as select rowid + 2 as _line, * from rows")
        return
    rows, moved = zip(*shifts, strict=True)
    db.execute(
        "create or replace temp table shifts as select unnest($rows::bigint[]) as first_row, "
        "unnest($moved::bigint[]) as lines",
        {"rows": list(rows), "moved": list(moved)},
    )
    db.execute(
        "create or replace temp view lines as select r._row + 2 + coalesce(s.lines, 0) as _line, "
        "r.* exclude (_row) from (select rowid as _row, * from rows) as r "
        "asof left join shifts as s on r._row >= s.first_row"
    )


def _summed(shifts: list[Shift]) -> list[Shift]:
    """Return shifts that each hold for all rows from theirs on, one for each row."""
    totals: dict[int, int] = {}
    total = 0
    for row, moved in sorted(shifts):
        total += moved
        totals[row] = total
    return list(itertools.starmap(Shift, totals.items()))


def _conserve(scan: Scan, lost: int) -> None:
    if not lost:
        return
    if scan.first_odd_quote:
        raise DeliveryRefused(Fault.QUOTE_OPEN, lines=abs(lost), line=scan.first_odd_quote)
    raise DeliveryRefused(Fault.LINES_LOST if lost > 0 else Fault.LINES_DOUBLED, lines=abs(lost))


def _shifts(skipped: list[int], broken: list[BrokenRow]) -> list[Shift]:
    """Return the shifts that skipped physical lines and rows with line breaks cause."""
    shifts = [Shift(row + 1, breaks) for row, breaks in broken]
    following = iter(sorted(broken))
    next_broken = next(following, None)
    breaks = 0
    for before, line in enumerate(sorted(skipped)):  # both in the file's order: one pass, however many there are
        while next_broken and next_broken.row < line - 2 - before - breaks:
            breaks += next_broken.breaks
            next_broken = next(following, None)
        shifts.append(Shift(max(line - 2 - before - breaks, 0), 1))
    return shifts
