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
from warehouse.landing.lines import Rejected
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
            plain = replace(delivery, path=rows, delivered_name=None)
            return stage(db, plain, bytescan.scan(rows, delivery.contract.separator))
    contract = delivery.contract
    reader.check_encoding(contract.encoding, scan)
    columns, left_out = intake.header_columns(contract, scan, delivery.period)
    shape = reader.Format(columns, contract.separator, contract.encoding, contract.is_quoted)
    rejected: list[Rejected] = []
    if not type_plain_file(db, delivery, scan, shape):
        rejected = reader.read(db, delivery.path, shape, scan)
        cast.type_rows(db, contract, delivery.stated, columns, scan.has_nul, "lines")
    cut_line = scan.lines if contract.line_end_required and not scan.ends_with_newline else None
    cast.quarantine(db, contract, rejected, cut_line)
    counts = RowCounts(
        accepted=database.value(db, "select count(*) from typed"),
        quarantined=database.value(db, "select count(distinct line) from faults"),
        left_out=left_out,
    )
    if not counts.accepted:
        raise _without_rows(db)
    return counts


def _without_rows(db: duckdb.DuckDBPyConnection) -> DeliveryRefused:
    """Return the refusal of a file without a usable row; it names the most frequent fault."""
    fault = database.value(db, "select mode(fault order by line) from faults")
    return NoUsableRow(quarantine.found(db), fault) if fault else DeliveryRefused(Fault.HEADER_ONLY)


def type_plain_file(
    db: duckdb.DuckDBPyConnection, delivery: Delivery, scan: bytescan.Scan, shape: reader.Format
) -> bool:
    """Read and type a plain file in one step; return whether each of its lines became a row."""
    has_contracts_encoding = scan.is_utf8 or shape.encoding != "utf-8"
    if not (scan.is_plain and shape.is_regular(scan) and has_contracts_encoding):
        return False
    rows = reader.plain_rows(delivery.path, shape, scan)
    try:
        cast.type_rows(db, delivery.contract, delivery.stated, shape.columns, scan.has_nul, rows)
    except database.OF_MACHINE:  # a full disk says nothing about the file
        raise
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
        "some lines are UTF-8 and some latin-1: each was read as what it is": scan.mixes_encodings,
        f"read as {scan.read_as}": scan.read_as,
        "line ends are mixed": scan.mixes_line_ends,
        "byte order mark skipped": scan.bom,
        f"columns left out: {', '.join(left_out)[:LONGEST_LIST]}": left_out,
    }
    return "; ".join(note for note, applies in notes.items() if applies) or None
