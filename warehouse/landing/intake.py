"""Recognition of deliveries: regular, settled files with plain names, each matched to a contract by its name."""

from __future__ import annotations

import re
import stat
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from warehouse.contracts import Contract
from warehouse.deliveries import LONGEST_LIST, DeliveryRefused, Fault
from warehouse.landing.bytescan import Scan

SETTLE_SECONDS = 2.0
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
LEDGER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,155}")  # no file can come under the name of a second delivery
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Delivery:
    """A file in the inbox, with what its name states."""

    path: Path
    contract: Contract
    period: str
    delivered_at: date
    number: int = 1  # of the deliveries of this name

    @property
    def file(self) -> str:
        """The delivery's name in ledger, raw tables and archive: the file's, with `~2` for the second of a name."""
        stem, dot, extension = self.path.name.partition(".")
        return self.path.name if self.number == 1 else f"{stem}~{self.number}{dot}{extension}"


def sent_as(file: str) -> str:
    """Return the name under which a delivery of the ledger came."""
    return re.sub(r"~\d+", "", file)


def waiting(inbox: Path) -> list[Path]:
    """Return the files in the inbox, without those whose names mark them as unfinished."""
    return sorted(filter(_is_offered, inbox.iterdir())) if inbox.is_dir() else []


def _is_offered(path: Path) -> bool:
    if path.name.startswith(".") or path.name.endswith(UNFINISHED):
        return False
    return path.is_symlink() or not path.is_dir()


def is_settled(path: Path, now: float | None = None) -> bool:
    """Return whether the file is unchanged for some seconds; a time stamp far ahead of our clock counts as settled."""
    return abs((now or time.time()) - path.lstat().st_mtime) >= SETTLE_SECONDS


def let_settle(paths: list[Path]) -> None:
    """Wait once for files that were written just now, so that copying a file and landing it works in one go."""
    if not all(is_settled(path) for path in paths):
        time.sleep(SETTLE_SECONDS)


def shown(name: str) -> str:
    """Return a file name that is safe in a ledger, a log and a path."""
    return name if PLAIN_NAME.fullmatch(name) else ascii(name)[:160]


def recognize(path: Path, contracts: dict[str, Contract]) -> Delivery:
    """Return the delivery that a file's name states.

    Raises:
        DeliveryRefused: the name or the kind of file cannot be a delivery.
    """
    if not PLAIN_NAME.fullmatch(path.name):
        raise DeliveryRefused(Fault.NAME_CHARACTERS)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise DeliveryRefused(Fault.NOT_A_FILE)
    for contract in contracts.values():
        if stated := contract.stated(path.name):
            return Delivery(path, contract, stated.period, stated.delivered_at)
    raise DeliveryRefused(Fault.NAME_UNKNOWN, stems=_stems(contracts))


def _stems(contracts: dict[str, Contract]) -> str:
    return ", ".join(sorted({contract.stem for contract in contracts.values()}))


def header_columns(contract: Contract, scan: Scan) -> list[str]:
    """Compare the header with the contract and return the columns in the file's own order.

    DuckDB never compares names when columns are given, so this is the only guard against swapped columns.

    Raises:
        DeliveryRefused: a column is missing, unknown, renamed or repeated.
    """
    names = _header_names(contract, scan)
    known = {column.name for column in contract.columns}
    twice = sorted((Counter(names) - Counter(set(names))).keys())
    missing = sorted({c.name for c in contract.columns if not c.optional} - set(names))
    unknown = set(names) - known
    if twice or missing or unknown:
        shown = _showable(unknown, len(known & set(names)) > len(known) // 2)
        raise DeliveryRefused(
            Fault.COLUMNS,
            twice=_joined(twice),
            missing=_joined(missing),
            unknown=_joined(shown),
            hidden=len(unknown) - len(shown),
        )
    return names


def _joined(columns: list[str]) -> str:
    return ", ".join(columns)[:LONGEST_LIST]


def _split(header: str, separator: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in header.split(separator)]


def _header_names(contract: Contract, scan: Scan) -> list[str]:
    """Return the column names of the first line, which must look like a header."""
    if not scan.lines or not scan.header.strip():
        raise DeliveryRefused(Fault.EMPTY_FILE, columns=_listed(contract))
    names = _split(_decoded(scan.header), contract.separator)
    if len(names) == 1 and len(contract.columns) > 1:
        raise DeliveryRefused(Fault.HEADER_SEPARATOR, separator=contract.separator, columns=_listed(contract))
    if not {column.name for column in contract.columns} & set(names):
        raise DeliveryRefused(Fault.NO_HEADER, columns=_listed(contract))
    return names


def _showable(names: set[str], is_a_header: bool) -> list[str]:
    """Return the names that are safe to show: a line that only resembles a header can hold a child's data."""
    return sorted(name for name in names if is_a_header and re.fullmatch(r"[a-z_][a-z0-9_ ]{0,40}", name))


def _decoded(header: bytes) -> str:
    return header.decode("utf-8", errors="replace")


def _listed(contract: Contract) -> str:
    return ", ".join(column.name for column in contract.columns)
