"""Erasing one person: identities from the vault, the person's lines from every archived file, and its rows.

Closed as-of dates keep rows under a key that nothing leads to any more. The log of who asked and looked is kept.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

from warehouse.database import transaction
from warehouse.errors import QhawaqError
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.rights import canary, retention
from warehouse.rights.canary import Canaries
from warehouse.rights.subject import Request, Subject
from warehouse.settings import Home

Lines = dict[str, set[int]]  # file → lines that are the person's


def erase(home: Home, request: Request, today: date) -> tuple[int, int]:
    """Erase a person; return how many lines of how many archived files went.

    Raises:
        QhawaqError: the vault holds no such person, or a value of the person is still found afterwards.
    """
    with Subject(home, request) as subject:
        owned = subject.all_keys()
        listed = ", ".join(map(str, owned))
        canaries = canary.draw(subject.vault, owned)
        lines = _lines(subject, listed)
        counts = _rewrite_archive(home, subject.keys, lines, canaries)
        _delete_rows(subject, owned, today, counts)
    retention.compact(home, subject.keys)
    left = _left(home, subject.keys, canaries)
    if left:
        raise QhawaqError(f"values of the person are still found: {left}; call it again, and say so if it stays")
    return sum(counts.values()), len(counts)


def _lines(subject: Subject, listed: str) -> Lines:
    """Return where the person's records stand, those linked by name too."""
    found: Lines = defaultdict(set)
    where = f"where child_key in ({listed})"
    vaulted = [f"select _file, _line from vault.{c.table} {where}" for c in subject.contracts if c.vaulted]
    landed = [f"select _file, _line from raw.{c.table} {where}" for c in subject.contracts if c.aliases]
    linked = f"select file, line from vault.links {where}"
    rows = subject.vault.execute(" union ".join([*vaulted, linked])).fetchall()
    rows += subject.warehouse.execute(" union ".join(landed)).fetchall()
    for file, line in rows:
        found[file].add(line)
    return found


def _rewrite_archive(home: Home, secret: Keys, lines: Lines, canaries: Canaries) -> dict[str, int]:
    """Empty the person's lines in archived files, and lines that name its numbers, refused or not; return how many.

    A line stays as an empty one: the others keep the numbers by which an auditor finds them.
    """
    counts, pattern = {}, re.compile(canaries.pattern().encode())
    for path in sorted(home.archive.rglob("*.age")):
        file = path.name.partition("_")[2].removesuffix(".age")
        content = canary.decrypted(path, secret).splitlines(keepends=True)
        if gone := _empty(content, lines.get(file, set()), pattern):
            _seal(path, secret, b"".join(content))
            counts[file] = gone
    return counts


def _empty(content: list[bytes], own: set[int], pattern: re.Pattern[bytes]) -> int:
    """Empty the person's own lines and those that a pattern finds, the header never; return how many."""
    gone = [
        number for number, line in enumerate(content[1:], start=2)
        if line.strip() and (number in own or pattern.search(line))
    ]  # fmt: skip
    for number in gone:
        content[number - 1] = b"\n"
    return len(gone)


def _seal(path: Path, secret: Keys, content: bytes) -> None:
    """Write an archived file anew, packed if it came so."""
    archive.seal(path, gzip.compress(content) if path.name.endswith(".gz.age") else content, secret)


def _delete_rows(subject: Subject, owned: list[int], today: date, counts: dict[str, int]) -> None:
    """Delete the person's rows, first in the warehouse: the vault is what says whose they are."""
    db, vault, listed = subject.warehouse, subject.vault, ", ".join(map(str, owned))
    retention.forget_rows(db, owned, "schema_name in ('raw', 'intermediate')")
    with transaction(db):
        for file, count in counts.items():
            db.execute("insert into raw.erasures values (?, ?, ?)", [file, count, today])
    with transaction(vault):
        for contract in subject.contracts:
            if contract.vaulted:
                vault.execute(
                    f"delete from vault.{contract.table} where child_key in ({listed}) or (_file, _line) in "
                    f"(select (file, line) from vault.links where child_key in ({listed}))"
                )
        for table in ("links", "aliases", "merges", "persons"):
            vault.execute(f"delete from vault.{table} where child_key in ({listed})")


def _left(home: Home, secret: Keys, canaries: Canaries) -> str:
    """Return where the person's numbers are still found (a pseudonym may stay: closed dates hold it)."""
    numbers = Canaries((), canaries.values)
    return ", ".join(place for place, hits in canary.search(home, secret, numbers).items() if hits)
