"""Erasure of one person: identities in the vault, lines in archived files, and rows of tables.

Closed as-of dates keep rows under a key that no longer leads to a person. The logs of requests and reveals stay. It is
noted before its first step: cut off anywhere, the next command that writes finishes it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import contracts, database
from warehouse.database import transaction, value
from warehouse.errors import DamagedFile, QhawaqError
from warehouse.identity import people
from warehouse.identity import vault as identities
from warehouse.keys import Keys
from warehouse.landing import archive, visit_notes, visiting
from warehouse.publish import releases, serving
from warehouse.rights import canary, compacting, erased, extracts, objections, rectifying, retention, school_record
from warehouse.rights.canary import Canaries
from warehouse.rights.subject import Request, Subject
from warehouse.settings import DBT_PROJECT, Home

# Where no archived file held a line, a row of the ledger says so all the same: the next build has other inputs.
NOWHERE = {"": 0}


class Erased(NamedTuple):
    """The extent of an erasure in the archive."""

    lines: int
    files: int
    unread: list[str]  # archived files that do not open: the erasure waits for them


@dataclass
class Erasure:
    """What an erasure needs to be finished, sealed in the home before its first step."""

    number: int
    child: int
    owned: list[int]  # all of the person's keys
    values: list[str]
    lines: dict[str, list[int]]  # file → the person's lines
    today: str
    is_objecting: bool = False  # an objection stands: it stands for a later key of the person too
    counts: dict[str, int] = field(default_factory=dict)  # archived file → lines that are emptied
    unread: list[str] = field(default_factory=list)  # archived files that did not open

    def keep(self, home: Home, secret: Keys) -> None:
        """Write the note, sealed with the home's secret."""
        home.erasing.mkdir(mode=0o700, exist_ok=True)
        archive.seal(_note(home, self.number), json.dumps(asdict(self)).encode(), secret)

    def extent(self) -> Erased:
        """Return the extent."""
        return Erased(sum(self.counts.values()), len(self.counts), self.unread)


def _note(home: Home, number: int) -> Path:
    return home.erasing / f"{number}.age"


def noted(home: Home, secret: Keys) -> list[Erasure]:
    """Return the erasures that were begun and are not finished."""
    return [_read(path, secret) for path in sorted(home.erasing.glob("[0-9]*.age"))]


def _read(path: Path, secret: Keys) -> Erasure:
    return Erasure(**json.loads(archive.unsealed(path, secret)))


def erase(home: Home, request: Request, today: date) -> Erased:
    """Erase a person.

    Raises:
        QhawaqError: the vault holds no such person, or a search afterwards finds a value of the person.
    """
    with Subject(home, request) as subject:
        erasure = _begun(subject, today)
    return _carry_out(home, subject.keys, erasure.number)


def finish(home: Home, secret: Keys) -> dict[int, Erased]:
    """Finish erasures that were cut off; return by key the persons of whom nothing is left now.

    Where an archived file does not open, an erasure waits until it does, or is gone: nothing else waits for that.
    """
    due = [one for one in noted(home, secret) if not _still_waits(home, secret, one)]
    carried_out = {one.child: _carry_out(home, secret, one.number) for one in due}
    return {child: extent for child, extent in carried_out.items() if not extent.unread}


def waiting(home: Home, secret: Keys) -> list[str]:
    """Return the archived files that erasures wait for, because they do not open."""
    return sorted({name for one in noted(home, secret) for name in one.unread})


def _still_waits(home: Home, secret: Keys, erasure: Erasure) -> bool:
    """Return whether everything is erased but what is in files that still do not open."""
    return bool(erasure.unread) and not any(_opens(home.root / name, secret) for name in erasure.unread)


def _opens(path: Path, secret: Keys) -> bool:
    """Return whether a file opens, or is gone, so that nothing has to be opened any more."""
    with suppress(FileNotFoundError):
        try:
            archive.unsealed(path, secret)
        except DamagedFile:
            return False
    return True


def _begun(subject: Subject, today: date) -> Erasure:
    """Note an erasure; nothing is erased yet."""
    home = subject.home
    owned = subject.all_keys()
    numbers = [int(path.stem) for path in home.erasing.glob("[0-9]*.age")]
    last = value(subject.warehouse, "select max(number) from raw.erasures") or 0
    erasure = Erasure(
        number=max([last, *numbers]) + 1,
        child=subject.request.child,
        owned=owned,
        values=list(canary.draw(subject.vault, owned).values),
        lines=_lines(subject, ", ".join(map(str, owned))),
        today=str(today),
        is_objecting=objections.stands(subject.warehouse, owned),
    )
    erasure.keep(home, subject.keys)
    return erasure


def _carry_out(home: Home, secret: Keys, number: int) -> Erased:
    """Erase what is noted, in steps that can be done again, and prove it; the note then goes.

    Raises:
        QhawaqError: a value of the person is still found.
    """
    with database.warehouse(home) as db:  # while it is held, nobody else ends the same erasure
        erasure = _read(_note(home, number), secret)
        canaries = Canaries(tuple(erasure.owned), tuple(erasure.values))
        erasure.unread = _rewrite_archive(home, secret, erasure, canaries)
        rectifying.forget(home, erasure.owned)
        visiting.forget(home, secret, erasure.owned, canaries.pattern())
        _delete_rows(db, erasure)
        _forget_identity(home, secret, erasure)
    compacting.compact(home, secret)
    if left := _places_with_hits(home, secret, canaries):
        raise QhawaqError(f"values of the person are still found: {left}; call it again, and say so if it stays")
    erased.remember(home, erasure.owned, erasure.today)
    releases.forget_erased(home)
    if erasure.unread:
        erasure.keep(home, secret)
    else:
        _note(home, number).unlink(missing_ok=True)
        with suppress(OSError):  # others wait in it
            home.erasing.rmdir()
    return erasure.extent()


def again(home: Home, secret: Keys) -> int:
    """Erase the persons that a restored backup still held; return how many. Cut off, it is called again."""
    due = erased.listed_in(home.to_erase)
    held = 0
    for child, day in due.items():
        request = Request(int(child), "erase", "qhawaq restore", f"erased on {day}, and the backup was older")
        if _holds(home, secret, int(child)):
            erase(home, request, date.fromisoformat(day))
            held += 1
    home.to_erase.unlink()
    return held


def _holds(home: Home, secret: Keys, child: int) -> bool:
    with database.scratch(home) as vault:
        database.attach_vault(vault, home, secret, read_only=True)
        return bool(value(vault, "select count(*) from vault.persons where child_key = ?", [child]))


def _lines(subject: Subject, listed: str) -> dict[str, list[int]]:
    """Return the lines of the person's records, including those linked by name."""
    lines: dict[str, set[int]] = defaultdict(set)
    where = f"where child_key in ({listed})"
    vaulted = [f"select _file, _line from vault.{c.table} {where}" for c in subject.contracts if c.vaulted]
    landed = [f"select _file, _line from raw.{c.table} {where}" for c in subject.contracts if c.aliases]
    linked = f"select file, line from vault.links {where}"
    rows = subject.vault.execute(" union ".join([*vaulted, linked])).fetchall()
    rows += subject.warehouse.execute(" union ".join(landed)).fetchall()
    for file, line in rows:
        lines[file].add(line)
    return {file: sorted(found) for file, found in lines.items()}


def _rewrite_archive(home: Home, secret: Keys, erasure: Erasure, canaries: Canaries) -> list[str]:
    """Empty the person's lines and lines with its numbers in all archived files; return those that do not open.

    Emptied lines stay, so that the other lines keep their numbers for auditors. How many there are is noted before.
    """
    unread = []
    pattern = re.compile(canaries.pattern().encode())
    for path in sorted(home.archive.rglob("*.age")):
        name = str(path.relative_to(home.root))
        try:
            content = canary.decrypted(path, secret).splitlines(keepends=True)
        except DamagedFile:
            unread.append(name)
            continue
        if gone := _empty(content, set(erasure.lines.get(archive.delivered_name(path), ())), pattern):
            erasure.counts.setdefault(name, gone)
            erasure.keep(home, secret)
            _seal(path, secret, b"".join(content))
    return unread


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


def _delete_rows(db: duckdb.DuckDBPyConnection, erasure: Erasure) -> None:
    """Delete the person's rows but what the law has a school keep, and note in the ledger what was emptied."""
    school_record.keep(db, contracts.read(DBT_PROJECT).values(), erasure.owned, erasure.today)
    extracts.end(
        db, extracts.of_children(db, erasure.owned), "a child in it was erased", date.fromisoformat(erasure.today)
    )
    retention.forget_rows(db, erasure.owned, schemas=("raw", "intermediate", "star", *serving.schemas()))
    with transaction(db):
        db.execute("delete from raw.erasures where number = ?", [erasure.number])
        erased.note(
            db, dict.fromkeys(map(str, erasure.owned), erasure.today)
        )  # closed dates hold them still: no score, no list
        for name, count in (erasure.counts or NOWHERE).items():
            db.execute(
                "insert into raw.erasures (file, n_lines, erased_on, number) values (?, ?, ?, ?)",
                [archive.delivered_name(Path(name)), count, erasure.today, erasure.number],
            )


def _forget_identity(home: Home, secret: Keys, erasure: Erasure) -> None:
    """Delete what the vault holds of a person but the logs; after that nobody knows the person's keys.

    What stays says only that somebody with such a document was erased: a later delivery gets another key.
    """
    listed = ", ".join(map(str, erasure.owned))
    with database.scratch(home) as vault:
        database.attach_vault(vault, home, secret)
        identities.prepare(vault, list(contracts.read(DBT_PROJECT).values()))
        with transaction(vault):
            _retire(vault, secret, erasure, listed)
            for contract in contracts.read(DBT_PROJECT).values():
                if contract.vaulted:
                    vault.execute(
                        f"delete from vault.{contract.table} where child_key in ({listed}) or (_file, _line) in "
                        f"(select (file, line) from vault.links where child_key in ({listed}))"
                    )
            visit_notes.redact(vault, listed, Canaries(tuple(erasure.owned), tuple(erasure.values)).pattern())
            for table in ("links", "aliases", "parts", "merges", "returned", "persons"):
                vault.execute(f"delete from vault.{table} where child_key in ({listed})")


def _retire(vault: duckdb.DuckDBPyConnection, secret: Keys, erasure: Erasure, listed: str) -> None:
    """Keep the person's keys, and the keyed hashes of its document and numbers."""
    hashed = people.hash_sql(secret, "kind", "value")
    vault.execute(
        f"create or replace temp table retiring as select unnest([{listed}]::bigint[]) as child_key "
        f"union select {hashed} from vault.aliases where child_key in ({listed})"
    )
    vault.execute("delete from vault.retired where child_key in (select child_key from retiring)")
    vault.execute(
        f"insert into vault.retired select child_key, date '{erasure.today}', {erasure.is_objecting} from retiring"
    )


def _places_with_hits(home: Home, secret: Keys, canaries: Canaries) -> str:
    """Return the places that still hold the person's numbers; pseudonyms stay in closed dates."""
    numbers = Canaries((), canaries.values)
    return ", ".join(place for place, hits in canary.search(home, secret, numbers).hits.items() if hits)
