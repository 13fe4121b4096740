"""From a scanned file to typed rows and faults in a throw-away database."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import duckdb

from warehouse import database
from warehouse.deliveries import LONGEST_LIST, DeliveryRefused, Fault, Status
from warehouse.landing import bytescan, cast, intake, packed, quarantine, reader
from warehouse.landing.intake import Delivery
from warehouse.landing.ledger import Outcome
from warehouse.landing.quarantine import NoUsableRow


class RowCounts(NamedTuple):
    """The rows of a delivery."""

    accepted: int
    quarantined: int
    left_out: tuple[str, ...] = ()  # columns that the contract leaves out


def stage(db: duckdb.DuckDBPyConnection, delivery: Delivery, scan: bytescan.Scan) -> RowCounts:
    """Read a scanned delivery into `temp.typed` and `temp.faults`.

    Raises:
        DeliveryRefused: the file breaks its contract as a whole.
    """
    if delivery.is_packed:
        with packed.unpacked(delivery) as rows:
            return stage(db, replace(delivery, path=rows), bytescan.scan(rows))
    contract = delivery.contract
    encoding = reader.encoding_of(contract.encoding, scan)
    columns, left_out = intake.header_columns(contract, scan, delivery.period)
    rejected: list[reader.Rejected] = []
    if not type_plain_file(db, delivery, scan, columns, encoding):
        rejected = reader.read(db, delivery.path, columns, contract.separator, encoding, scan)
        cast.type_rows(db, contract, delivery.stated, columns, scan.has_nul, "lines")
    cut_line = scan.lines if contract.line_end_required and not scan.ends_with_newline else None
    cast.quarantine(db, contract, rejected, cut_line)
    counts = RowCounts(
        accepted=database.value(db, "select count(*) from typed"),
        quarantined=database.value(db, "select count(distinct line) from faults"),
        left_out=left_out,
    )
    if not counts.accepted:
        raise NoUsableRow(quarantine.found(db)) if counts.quarantined else DeliveryRefused(Fault.HEADER_ONLY)
    return counts


def type_plain_file(
    db: duckdb.DuckDBPyConnection, delivery: Delivery, scan: bytescan.Scan, columns: list[str], encoding: str
) -> bool:
    """Read and type a plain file in one step; return whether each of its lines became a row."""
    if not scan.is_plain:
        return False
    rows = reader.plain_rows(delivery.path, columns, delivery.contract.separator, encoding)
    try:
        cast.type_rows(db, delivery.contract, delivery.stated, columns, scan.has_nul, rows)
    except duckdb.Error:  # its text holds the child's line: never shown
        return False
    return database.value(db, "select count(*) from typed") == scan.lines - 1


def outcome(delivery: Delivery, status: Status, counts: RowCounts, note: str | None = None) -> Outcome:
    """Return the outcome of a delivery that was read to its end."""
    return Outcome(
        file=delivery.file,
        source=delivery.contract.name,
        status=status,
        delivered_rows=counts.accepted + counts.quarantined,
        accepted_rows=counts.accepted,
        quarantined_rows=counts.quarantined,
        reason=note,
    )


def corrections(scan: bytescan.Scan, left_out: tuple[str, ...] = ()) -> str | None:
    """Return the corrections made in reading and the columns left out, so that nothing happens silently."""
    notes = {
        "some lines are UTF-8 and some latin-1: each was read as what it is": scan.some_utf8_lines and not scan.is_utf8,
        "line ends are mixed": scan.mixes_line_ends,
        "byte order mark skipped": scan.bom,
        f"columns left out: {', '.join(left_out)[:LONGEST_LIST]}": left_out,
    }
    return "; ".join(note for note, applies in notes.items() if applies) or None
