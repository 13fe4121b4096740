"""Recognition of deliveries: regular, settled files with plain names, each matched to a contract by its name."""

from __future__ import annotations

import difflib
import re
import stat
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from warehouse import files
from warehouse.contracts import Contract, Stated
from warehouse.deliveries import LONGEST_LIST, DeliveryRefused, Fault
from warehouse.landing.bytescan import Scan

SETTLE_SECONDS = 2.0
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
COLUMN_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")
SHORTEST_SHOWN = 6  # letters: «mesa» is a surname, and near «mes»
RESEMBLES = {True: 0.7, False: 0.8}  # with «_», which no name of a child has, and without
LEDGER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,155}")  # no file can come under the name of a second delivery
# What programs call a file that they are still copying or downloading, in any case; so do names that begin with a dot.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".opdownload", ".!ut", "~")


@dataclass(frozen=True)
class Delivery:
    """A file in the inbox, with what its name states."""

    path: Path
    contract: Contract
    period: str
    delivered_at: date
    delivered_name: str | None = None  # where it is read again from the archive
    number: int = 1  # of the deliveries of this name

    @property
    def file(self) -> str:
        """The delivery's name in ledger, raw tables and archive: the file's, with `~2` for the second of a name."""
        if self.delivered_name:
            return self.delivered_name
        stem, dot, extension = self.path.name.partition(".")
        return self.path.name if self.number == 1 else f"{stem}~{self.number}{dot}{extension}"

    @property
    def is_packed(self) -> bool:
        """Whether it is in the form in which its source is downloaded."""
        packed = self.contract.packed
        return packed is not None and packed.pattern.fullmatch(sent_as(self.file)) is not None

    @property
    def stated(self) -> Stated:
        """What the file's name states."""
        return Stated(self.period, self.delivered_at)


def sent_as(file: str) -> str:
    """Return the name under which a delivery of the ledger came."""
    return re.sub(r"~\d+", "", file)


class Left(Exception):
    """A file stays in the inbox; the text says why."""


def waiting(inbox: Path) -> list[Path]:
    """Return the files in the inbox, without those whose names mark them as unfinished."""
    return sorted(path for path in inbox.iterdir() if not _why_not(path)) if inbox.is_dir() else []


def passed_over(inbox: Path) -> dict[str, str]:
    """Return what lies in the inbox and is not offered, with the reason."""
    lying = sorted(inbox.iterdir()) if inbox.is_dir() else []
    others = [path for path in lying if not files.UNFINISHED.search(path.name)]
    return {shown(path.name): why for path in others if (why := _why_not(path))}


def _why_not(path: Path) -> str | None:
    """Say why a path in the inbox is not offered; None where it is."""
    if path.is_dir() and not path.is_symlink():
        return "is a folder: put its files into the inbox itself"
    if path.name.startswith(".") or path.name.lower().endswith(UNFINISHED):
        return "is still being copied by its name: it lands once it has its own"
    return None


def is_settled(path: Path, now: float | None = None) -> bool:
    """Return whether the file is unchanged for some seconds; a time stamp far ahead of our clock counts as settled.

    What somebody has taken away meanwhile counts as settled too: that is told where it is landed.
    """
    try:
        changed = path.lstat().st_mtime
    except FileNotFoundError:
        return True
    return abs((now or time.time()) - changed) >= SETTLE_SECONDS


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
    return ", ".join(sorted({stem for contract in contracts.values() for stem in contract.stems}))


class Header(NamedTuple):
    """The columns of a file, in its own order."""

    columns: list[str]  # named as in the contract; what is left out has a name that no contract has
    left_out: tuple[str, ...] = ()  # headers, as far as they may be shown


class Differences(NamedTuple):
    """How a header differs from its contract."""

    twice: list[str]
    missing: list[str]
    unknown: list[str]


def header_columns(contract: Contract, scan: Scan, period: str) -> Header:
    """Compare the header with the contract and return the columns in the file's own order.

    DuckDB never compares names when columns are given, so this is the only guard against swapped columns.

    Raises:
        DeliveryRefused: a column is missing, unknown, renamed or repeated.
    """
    headers = _header_names(contract, scan)
    named = contract.named(headers)
    differences = _differences(contract, headers, period)
    if any(differences):
        raise _other_columns(contract, headers, differences)
    columns = [named.get(header, f"_column_{number}") for number, header in enumerate(headers, start=1)]
    return Header(columns, tuple(_left_out(headers, named)))


def _differences(contract: Contract, headers: list[str], period: str) -> Differences:
    """Return how a header differs from the contract for a period."""
    named = contract.named(headers)
    required = {column.name for column in contract.columns if column.must_be_in(period)}
    return Differences(
        twice=sorted(set(named) & (Counter(headers) - Counter(set(headers))).keys()),
        missing=sorted(required - set(named.values())),
        unknown=[] if contract.leaves_out_others else [header for header in headers if header not in named],
    )


def _other_columns(contract: Contract, headers: list[str], differences: Differences) -> DeliveryRefused:
    """Return the refusal of a header; an unknown cell that can be a child's is named by its place only."""
    known = {header.lower() for column in contract.columns for header in column.headers}
    shown = {header for header in differences.unknown if _resembles(header, known)}
    unseen = set(differences.unknown) - shown
    return DeliveryRefused(
        Fault.COLUMNS,
        twice=_joined(differences.twice),
        missing=_joined(differences.missing),
        unknown=_joined(sorted(shown)),
        hidden=_joined([str(place) for place, header in enumerate(headers, start=1) if header in unseen]),
    )


def _left_out(headers: list[str], named: dict[str, str]) -> list[str]:
    """Return the headers that are left out and look like names of columns; such a source is about no person."""
    return sorted({header for header in headers if header not in named and COLUMN_NAME.fullmatch(header)})


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
    if not contract.named(names):
        raise DeliveryRefused(Fault.NO_HEADER, columns=_listed(contract))
    return names


def _resembles(name: str, known: set[str]) -> bool:
    """Return whether a header's cell is surely a column's name, misspelt: any other can be a child's."""
    likeness = RESEMBLES["_" in name]
    return len(name) >= SHORTEST_SHOWN and bool(difflib.get_close_matches(name, known, n=1, cutoff=likeness))


def _decoded(header: bytes) -> str:
    return header.decode("utf-8", errors="replace")


def _listed(contract: Contract) -> str:
    return ", ".join(column.name for column in contract.columns)
