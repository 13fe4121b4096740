"""Recipients of notifications with scope, channel and quiet hours: the routing table `recipients.csv` of a home."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from warehouse import clock
from warehouse.errors import UsageError

COLUMNS = ("recipient", "role", "scope", "channel", "address", "quiet_from", "quiet_until", "opted_out")
# Role → form of its scope: a school's code and annex, a UGEL's six digits, a source's name as sheets have it or its
# table; a UGEL, a department or the country (00).
SCOPES = {
    "school": r"[0-9]{7}-[0-9A-Za-z]",
    "ugel": r"[0-9]{6}",
    "sender": r"([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*",
    "bulletin": r"[0-9]{2}|[0-9]{6}",
}
CHANNELS = {"smtp": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", "webhook": r"https?://[!-~]+"}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class QuietHours(NamedTuple):
    """Hours without messages, in Lima's time; they may span midnight."""

    begin: int
    end: int


@dataclass(frozen=True)
class Recipient:
    """A recipient of notifications.

    Args:
        name: its name in the outbox, whatever its address.
        role: `school` is notified of new entries of lists, `ugel` of missing deliveries, `sender` of faults; `bulletin`
            gets a bulletin a month.
        scope: its school, UGEL, source or area.
        channel: `smtp` or `webhook`.
        address: mail address or URL.
        quiet: hours without messages; None where there are none.
        opted_out: wants no messages; entries of that time are never sent later.
    """

    name: str
    role: str
    scope: str
    channel: str
    address: str
    quiet: QuietHours | None
    opted_out: bool

    def is_quiet(self, now: datetime) -> bool:
        """Return whether a moment is in the quiet hours."""
        if self.quiet is None:
            return False
        hour = now.astimezone(clock.LIMA).hour
        begin, end = self.quiet
        return begin <= hour < end if begin < end else hour >= begin or hour < end


def read(path: Path) -> dict[str, Recipient]:
    """Return recipients by name.

    Raises:
        UsageError: the table is missing, or a line is invalid; the error holds no address.
    """
    if not path.exists():
        raise UsageError(f"{path} is missing: a table of who hears of what, with the columns {','.join(COLUMNS)}")
    recipients: dict[str, Recipient] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for recipient in _lines(path, csv.DictReader(file)):
            name = recipient.name
            if name in recipients:
                raise UsageError(f"{path}: recipient {name} stands twice; give each line a name of its own")
            recipients[name] = recipient
    return recipients


def subscribed(everyone: Mapping[str, Recipient]) -> dict[str, Recipient]:
    """Return the recipients who want messages."""
    return {name: recipient for name, recipient in everyone.items() if not recipient.opted_out}


def awake(everyone: Mapping[str, Recipient], now: datetime) -> dict[str, Recipient]:
    """Return the recipients who want messages and are outside their quiet hours."""
    return {name: recipient for name, recipient in subscribed(everyone).items() if not recipient.is_quiet(now)}


def _lines(path: Path, rows: csv.DictReader[str]) -> Iterator[Recipient]:
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise UsageError(f"{path}: the first line is not {','.join(COLUMNS)}")
    for row in rows:
        try:
            yield _recipient(row)
        except ValueError as error:
            raise UsageError(f"{path}, line {rows.line_num}: {error}") from None


def _recipient(row: dict[str, str | None]) -> Recipient:
    values = {name: str(row[name] or "").strip() for name in COLUMNS}
    if len(row) > len(COLUMNS) or not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", values["recipient"]):
        raise ValueError("recipient is a name of letters, digits, '.', '_' and '-'; a line has eight fields")
    _check_values(values)
    return Recipient(
        name=values["recipient"],
        role=values["role"],
        scope=values["scope"],
        channel=values["channel"],
        address=values["address"],
        quiet=_quiet(values["quiet_from"], values["quiet_until"]),
        opted_out=values["opted_out"] == "1",
    )


def _check_values(values: dict[str, str]) -> None:
    """Refuse invalid values of a line.

    Raises:
        ValueError: a value is invalid.
    """
    for column, allowed in (("role", SCOPES), ("channel", CHANNELS)):
        if values[column] not in allowed:
            raise ValueError(f"{column} is one of {', '.join(allowed)}")
    if not re.fullmatch(SCOPES[values["role"]], values["scope"]):
        raise ValueError(f"the scope of a {values['role']} looks like {SCOPES[values['role']]}")
    if not is_address(values["channel"], values["address"]):
        raise ValueError(f"this is no address of {values['channel']} (a webhook outside this machine is https)")
    if values["opted_out"] not in ("", "0", "1"):
        raise ValueError("opted_out is 1, 0 or empty")


def is_address(channel: str, address: str) -> bool:
    """Return whether an address is valid; webhooks without TLS are valid on this machine only."""
    if not re.fullmatch(CHANNELS[channel], address):
        return False
    try:
        host = urlsplit(address).hostname or ""
        host.encode("idna")
    except ValueError:  # half an IPv6 address, or a name that is too long
        return False
    return not address.startswith("http://") or host in LOOPBACK


def _quiet(begin: str, end: str) -> QuietHours | None:
    """Return the quiet hours; None where both are empty.

    Raises:
        ValueError: they are not two different hours.
    """
    if begin == end == "":
        return None
    if not all(re.fullmatch(r"[0-9]{1,2}", hour) for hour in (begin, end)):
        raise ValueError("quiet_from and quiet_until are hours, or both empty")
    hours = QuietHours(int(begin), int(end))
    if max(hours) > 23 or hours.begin == hours.end:
        raise ValueError("quiet_from and quiet_until are two different hours from 0 to 23")
    return hours
