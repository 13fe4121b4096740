"""Erasure of one person: identities in the vault, lines in archived files, and rows of tables.

Closed as-of dates keep rows under a key that no longer leads to a person. The logs of requests and reveals stay.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import NamedTuple

from warehouse.database import transaction
from warehouse.errors import QhawaqError
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.rights import canary, retention
from warehouse.rights.canary import Canaries
from warehouse.rights.subject import Request, Subject
from warehouse.settings import Home

Lines = dict[str, set[int]]  # file → the person's lines


class Erased(NamedTuple):
    """The extent of an erasure in the archive."""

    lines: int
    files: int


def erase(home: Home, request: Request, today: date) -> Erased:
    """Erase a person.

    Raises:
        QhawaqError: the vault holds no such person, or a search afterwards finds a value of the person.
    """
    with Subject(home, request) as subject:
        owned = subject.all_keys()
        listed = ", ".join(map(str, owned))
        canaries = canary.draw(subject.vault, owned)
        lines = _lines(subject, listed)
        counts = _rewrite_archive(home, subject.keys, lines, canaries)
        _delete_rows(subject, owned, today, counts)
    retention.compact(home, subject.keys)
    if left := _places_with_hits(home, subject.keys, canaries):
        raise QhawaqError(f"values of the person are still found: {left}; call it again, and say so if it stays")
    return Erased(lines=sum(counts.values()), files=len(counts))


def _lines(subject: Subject, listed: str) -> Lines:
    """Return the lines of the person's records, including those linked by name."""
    lines: Lines = defaultdict(set)
    where = f"where child_key in ({listed})"
    vaulted = [f"select _file, _line from vault.{c.table} {where}" for c in subject.contracts if c.vaulted]
    landed = [f"select _file, _line from raw.{c.table} {where}" for c in subject.contracts if c.aliases]
    linked = f"select file, line from vault.links {where}"
    rows = subject.vault.execute(" union ".join([*vaulted, linked])).fetchall()
    rows += subject.warehouse.execute(" union ".join(landed)).fetchall()
    for file, line in rows:
        lines[file].add(line)
    return lines


def _rewrite_archive(home: Home, secret: Keys, lines: Lines, canaries: Canaries) -> dict[str, int]:
    """Empty the person's lines and lines with its numbers in all archived files; return the number per file.

    Emptied lines stay, so that the other lines keep their numbers for auditors.
    """
    counts = {}
    pattern = re.compile(canaries.pattern().encode())
    for path in sorted(home.archive.rglob("*.age")):
        file = archive.delivered_name(path)
        content = canary.decrypted(path, secret).splitlines(keepends=True)
        if gone := _empty(content, lines.get(file, set()), pattern):
            _seal(path, secret, b"".join(content))
            counts[file] = gone
    return counts


def _empty(content: list[bytes], own: set[int], pattern: re.Pattern[bytes]) -> int:
    """Empty the person's own lines and those that match a pattern, never the header; return their number."""
    gone = [
        number
        for number, line in enumerate(content[1:], start=2)
        if line.strip() and (number in own or pattern.search(line))
    ]
    for number in gone:
        content[number - 1] = b"\n"
    return len(gone)


def _seal(path: Path, secret: Keys, content: bytes) -> None:
    """Rewrite an archived file, compressed if it was delivered compressed."""
    archive.seal(path, gzip.compress(content) if path.name.endswith(".gz.age") else content, secret)


def _delete_rows(subject: Subject, owned: list[int], today: date, counts: dict[str, int]) -> None:
    """Delete the person's rows, in the warehouse before the vault, which alone knows their keys."""
    db = subject.warehouse
    vault = subject.vault
    listed = ", ".join(map(str, owned))
    retention.forget_rows(db, owned, schemas=("raw", "intermediate"))
    with transaction(db):
        for file, count in counts.items():
            db.execute("insert into raw.erasures (file, n_lines, erased_on) values (?, ?, ?)", [file, count, today])
    with transaction(vault):
        for contract in subject.contracts:
            if contract.vaulted:
                vault.execute(
                    f"delete from vault.{contract.table} where child_key in ({listed}) or (_file, _line) in "
                    f"(select (file, line) from vault.links where child_key in ({listed}))"
                )
        for table in ("links", "aliases", "parts", "merges", "persons"):
            vault.execute(f"delete from vault.{table} where child_key in ({listed})")


def _places_with_hits(home: Home, secret: Keys, canaries: Canaries) -> str:
    """Return the places that still hold the person's numbers; pseudonyms stay in closed dates."""
    numbers = Canaries((), canaries.values)
    return ", ".join(place for place, hits in canary.search(home, secret, numbers).items() if hits)
