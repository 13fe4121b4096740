"""A source as it is downloaded where that is no CSV: tables (DBF) in a ZIP, turned into the CSV that landing reads.

Only columns of the contract leave the ZIP: who else is in the tables, such as a school's director, stays in it.
"""

from __future__ import annotations

import errno
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa
from pyarrow import csv

from warehouse import files
from warehouse.contracts import Contract
from warehouse.deliveries import DeliveryRefused, Fault
from warehouse.landing import bytescan, dbf
from warehouse.landing.intake import Delivery

MOST_MEMBERS = 50
LARGEST_UNPACKED = 4 << 30
RATIO = 200
FREE = 64 << 20  # bytes to which anything may unpack
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)


def scanned(delivery: Delivery) -> bytescan.Scan:
    """Return the shape of a delivery's bytes; of a packed one its size and hash alone.

    Raises:
        DeliveryRefused: the file is too large, damaged, not what its name says, or has a line that cannot be a row.
    """
    if not delivery.is_packed:
        return bytescan.scan(delivery.path, delivery.contract.separator)
    size = delivery.path.stat().st_size
    if size > bytescan.LARGEST_FILE:
        raise DeliveryRefused(Fault.TOO_LARGE, bytes=size, most=bytescan.LARGEST_FILE)
    return bytescan.Scan(size=size, sha256=files.sha256(delivery.path))


@contextmanager
def unpacked(delivery: Delivery) -> Iterator[Path]:
    """Yield a CSV of the rows in a packed delivery, with the contract's columns.

    Raises:
        DeliveryRefused: the ZIP is damaged, hostile, or holds no table of the source.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        try:
            with zipfile.ZipFile(delivery.path) as packed:
                _write(delivery, packed, _tables(packed), rows)
        except dbf.BadTable:
            raise DeliveryRefused(Fault.TABLE_DAMAGED) from None
        except UNREADABLE:  # the error's text can hold a member's name
            raise DeliveryRefused(Fault.ZIP_DAMAGED) from None
        except OSError as error:  # a ZIP that points before its own beginning; anything else is the machine's
            if error.errno != errno.EINVAL:
                raise
            raise DeliveryRefused(Fault.ZIP_DAMAGED) from None
        yield rows


def _tables(packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the tables in a ZIP, by name.

    Raises:
        DeliveryRefused: the ZIP is hostile.
    """
    members = packed.infolist()
    _refuse_hostile(members)
    tables = [member for member in members if member.filename.lower().endswith(".dbf")]
    most = min(max(FREE, RATIO * sum(member.compress_size for member in tables)), LARGEST_UNPACKED)
    if sum(member.file_size for member in tables) > most:
        raise DeliveryRefused(Fault.ZIP_BOMB, most=most)
    return sorted(tables, key=lambda member: member.filename)


def _refuse_hostile(members: list[zipfile.ZipInfo]) -> None:
    """Refuse a ZIP with too many members, with names that lead out of it, or with a password."""
    if len(members) > MOST_MEMBERS:
        raise DeliveryRefused(Fault.ZIP_MEMBERS, members=len(members), most=MOST_MEMBERS)
    if len({member.filename for member in members}) < len(members) or any(map(_leads_out, members)):
        raise DeliveryRefused(Fault.ZIP_PATHS)
    if any(member.flag_bits & 1 for member in members):
        raise DeliveryRefused(Fault.ZIP_LOCKED)


def _leads_out(member: zipfile.ZipInfo) -> bool:
    """Return whether a member's name leads out of its ZIP; nothing is ever written under that name all the same."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0]


def _write(delivery: Delivery, packed: zipfile.ZipFile, tables: list[zipfile.ZipInfo], rows: Path) -> None:
    """Write the rows of all tables of the source.

    Raises:
        DeliveryRefused: none of the tables has the source's columns.
    """
    fitting = 0
    with rows.open("wb") as file:
        file.write(f"{','.join(column.name for column in delivery.contract.columns)}\n".encode())
        for member in tables:
            with packed.open(member) as stream:
                table = dbf.layout(stream)
                if is_of(delivery.contract, table, delivery.period):
                    _append(delivery.contract, table, stream, file)
                    fitting += 1
    if not fitting:
        wanted = [column.headers[-1] for column in delivery.contract.columns if column.must_be_in(delivery.period)]
        raise DeliveryRefused(Fault.NO_TABLE, tables=len(tables), columns=", ".join(wanted))


def is_of(contract: Contract, table: dbf.TableLayout, period: str) -> bool:
    """Return whether a table has the columns that a source must have."""
    wanted = {column.name for column in contract.columns if column.must_be_in(period)}
    return wanted <= set(contract.named(table.names).values())


def _append(contract: Contract, table: dbf.TableLayout, stream: IO[bytes], file: IO[bytes]) -> None:
    """Write a table's rows with every column of the contract, empty where the table lacks it."""
    named = {column: header for header, column in contract.named(table.names).items()}
    encoding = table.encoding or (contract.packed.encoding if contract.packed else "cp850")
    columns = [column.name for column in contract.columns]
    for block in dbf.blocks(stream, table, list(named.values()), encoding):
        absent = pa.array([""] * block.num_rows, pa.string())
        whole = pa.table([block[named[name]] if name in named else absent for name in columns], names=columns)
        csv.write_csv(whole, file, csv.WriteOptions(include_header=False, quoting_style="needed"))
