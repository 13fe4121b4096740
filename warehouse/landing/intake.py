"""What may be a delivery: regular, settled files with plain names, and which contract their name calls."""

from __future__ import annotations

import re
import stat
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from warehouse.contracts import Contract
from warehouse.deliveries import LONGEST_LIST, Fault, Refused
from warehouse.landing.bytescan import Scan

SETTLE_SECONDS = 2.0
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Delivery:
    """One file whose name is understood."""

    path: Path
    contract: Contract
    period: str
    delivered_at: date

    @property
    def file(self) -> str:
        """The name it was delivered under."""
        return self.path.name


def waiting(inbox: Path) -> list[Path]:
    """List what lies in the inbox, except what is still being written by its name."""
    return sorted(filter(_is_offered, inbox.iterdir())) if inbox.is_dir() else []


def _is_offered(path: Path) -> bool:
    if path.name.startswith(".") or path.name.endswith(UNFINISHED):
        return False
    return path.is_symlink() or not path.is_dir()


def is_settled(path: Path, now: float | None = None) -> bool:
    """Say whether nobody has written to the file for a moment (a time ahead of our clock says nothing)."""
    return abs((now or time.time()) - path.lstat().st_mtime) >= SETTLE_SECONDS


def let_settle(paths: list[Path]) -> None:
    """Wait that moment, once, if somebody has only just written: who copies a file and calls us should not wait."""
    if not all(is_settled(path) for path in paths):
        time.sleep(SETTLE_SECONDS)


def shown(name: str) -> str:
    """Return a name that is safe in a ledger, a log and a path."""
    return name if PLAIN_NAME.fullmatch(name) else ascii(name)[:160]


def recognize(path: Path, contracts: dict[str, Contract]) -> Delivery:
    """Find the contract that the file's name calls.

    Raises:
        Refused: the name or the kind of file cannot be a delivery.
    """
    if not PLAIN_NAME.fullmatch(path.name):
        raise Refused(Fault.NAME_CHARACTERS)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise Refused(Fault.NOT_A_FILE)
    for contract in contracts.values():
        if stated := contract.delivered_at(path.name):
            return Delivery(path, contract, *stated)
    raise Refused(Fault.NAME_UNKNOWN, stems=_stems(contracts))


def _stems(contracts: dict[str, Contract]) -> str:
    return ", ".join(sorted({contract.pattern.pattern.split("_(")[0] for contract in contracts.values()}))


def header_columns(contract: Contract, scan: Scan) -> list[str]:
    """Compare the header with the contract and return the columns in the file's own order.

    DuckDB never compares names when columns are given, so this is the only guard against swapped columns.

    Raises:
        Refused: a column is missing, unknown, renamed or twice there.
    """
    names, known = _header_names(contract, scan), {column.name for column in contract.columns}
    twice = sorted((Counter(names) - Counter(set(names))).keys())
    missing = sorted({c.name for c in contract.columns if not c.optional} - set(names))
    unknown = set(names) - known
    if twice or missing or unknown:
        shown = _showable(unknown, len(known & set(names)) > len(known) // 2)
        raise Refused(Fault.COLUMNS, twice=_named(twice), missing=_named(missing), unknown=_named(shown),
                      hidden=len(unknown) - len(shown))  # fmt: skip
    return names


def _named(columns: list[str]) -> str:
    return ", ".join(columns)[:LONGEST_LIST]


def _split(header: str, separator: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in header.split(separator)]


def _header_names(contract: Contract, scan: Scan) -> list[str]:
    """Return the names of the first line, which must be a header at all."""
    if not scan.lines or not scan.header.strip():
        raise Refused(Fault.EMPTY_FILE, columns=_listed(contract))
    names = _split(_decoded(scan.header), contract.separator)
    if len(names) == 1 and len(contract.columns) > 1:
        raise Refused(Fault.HEADER_SEPARATOR, separator=contract.separator, columns=_listed(contract))
    if not set(_listed(contract).split(", ")) & set(names):
        raise Refused(Fault.NO_HEADER, columns=_listed(contract))
    return names


def _showable(names: set[str], is_a_header: bool) -> list[str]:
    """Return names that may be shown: a line that only looks like a header can hold a child's data."""
    return sorted(name for name in names if is_a_header and re.fullmatch(r"[a-z_][a-z0-9_ ]{0,40}", name))


def _decoded(header: bytes) -> str:
    return header.decode("utf-8", errors="replace")


def _listed(contract: Contract) -> str:
    return ", ".join(column.name for column in contract.columns)
