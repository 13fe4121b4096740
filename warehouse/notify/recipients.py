"""Who hears of what, by which way and at which hours: the routing table `recipients.csv` of a home."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.errors import UsageError

LIMA = timezone(timedelta(hours=-5), "America/Lima")  # Peru has had one time without summer time since 1994
COLUMNS = ("recipient", "role", "scope", "channel", "address", "quiet_from", "quiet_until", "opted_out")
# What a scope is: a school's code and annex, a UGEL's six digits, the name of a source.
SCOPES = {"school": r"[0-9]{7}-[0-9A-Za-z]", "ugel": r"[0-9]{6}", "sender": r"[a-z][a-z0-9_]*"}
CHANNELS = {"smtp": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", "webhook": r"https?://[!-~]+"}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Recipient:
    """One who hears.

    Args:
        name: how the outbox calls it; a changed address is the same recipient.
        role: `school` hears of new entries of lists, `ugel` of what is missing, `sender` of faults in its files.
        scope: which school, UGEL or source.
        channel: `smtp` or `webhook`.
        address: where.
        quiet: hours of Lima (from, until) without messages; None where any hour is right.
        is_out: wants no messages; what comes meanwhile is not told later either.
    """

    name: str
    role: str
    scope: str
    channel: str
    address: str
    quiet: tuple[int, int] | None
    is_out: bool

    def is_quiet(self, now: datetime) -> bool:
        """Say whether a moment lies in the quiet hours; they may go over midnight."""
        if self.quiet is None:
            return False
        hour, (begin, end) = now.astimezone(LIMA).hour, self.quiet
        return begin <= hour < end if begin < end else hour >= begin or hour < end


def read(path: Path) -> dict[str, Recipient]:
    """Return recipients by name.

    Raises:
        UsageError: there is no such table, or a line of it cannot be used; its address is not repeated.
    """
    if not path.exists():
        raise UsageError(f"{path} is missing: a table of who hears of what, with the columns {','.join(COLUMNS)}")
    found: dict[str, Recipient] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for one in _lines(path, csv.DictReader(file)):
            if one.name in found:
                raise UsageError(f"{path}: recipient {one.name} stands twice; give each line a name of its own")
            found[one.name] = one
    return found


def wanting(everyone: Mapping[str, Recipient]) -> dict[str, Recipient]:
    """Return those who want messages."""
    return {name: one for name, one in everyone.items() if not one.is_out}


def awake(everyone: Mapping[str, Recipient], now: datetime) -> dict[str, Recipient]:
    """Return those who want messages, and now."""
    return {name: one for name, one in wanting(everyone).items() if not one.is_quiet(now)}


def _lines(path: Path, rows: csv.DictReader[str]) -> Iterator[Recipient]:
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise UsageError(f"{path}: the first line is not {','.join(COLUMNS)}")
    for row in rows:
        try:
            yield _recipient(row)
        except ValueError as error:
            raise UsageError(f"{path}, line {rows.line_num}: {error}") from None


def _recipient(row: dict[str, str | None]) -> Recipient:
    said = {name: str(row[name] or "").strip() for name in COLUMNS}
    if len(row) > len(COLUMNS) or not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", said["recipient"]):
        raise ValueError("recipient is a name of letters, digits, '.', '_' and '-'; a line has eight fields")
    _check_values(said)
    quiet = _quiet(said["quiet_from"], said["quiet_until"])
    return Recipient(
        name=said["recipient"], role=said["role"], scope=said["scope"], channel=said["channel"],
        address=said["address"], quiet=quiet, is_out=said["opted_out"] == "1",
    )  # fmt: skip


def _check_values(said: dict[str, str]) -> None:
    _one_of(said, "role", SCOPES)
    _one_of(said, "channel", CHANNELS)
    if not re.fullmatch(SCOPES[said["role"]], said["scope"]):
        raise ValueError(f"the scope of a {said['role']} looks like {SCOPES[said['role']]}")
    if not _is_address(said["channel"], said["address"]):
        raise ValueError(f"this is no address of {said['channel']} (a webhook outside this machine is https)")
    if said["opted_out"] not in ("", "0", "1"):
        raise ValueError("opted_out is 1, 0 or empty")


def _one_of(said: dict[str, str], column: str, allowed: dict[str, str]) -> None:
    if said[column] not in allowed:
        raise ValueError(f"{column} is one of {', '.join(allowed)}")


def _is_address(channel: str, address: str) -> bool:
    """Say whether an address is one; a webhook's message goes in the clear to this machine only."""
    if not re.fullmatch(CHANNELS[channel], address):
        return False
    return not address.startswith("http://") or urlsplit(address).hostname in LOOPBACK


def _quiet(begin: str, end: str) -> tuple[int, int] | None:
    if begin == end == "":
        return None
    if not re.fullmatch(r"[0-9]{1,2} [0-9]{1,2}", f"{begin} {end}"):
        raise ValueError("quiet_from and quiet_until are hours, or both empty")
    hours = int(begin), int(end)
    if max(hours) > 23 or hours[0] == hours[1]:
        raise ValueError("quiet_from and quiet_until are two different hours from 0 to 23")
    return hours
