"""The file of machines' API keys: only hashes are kept, and a file with anything wrong in it counts for nothing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from service import permissions
from warehouse import clock
from warehouse.errors import DamagedFile, QhawaqError, UsageError
from warehouse.files import read_json, write_whole

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
ADVICE = "restore it, or remove it and make each machine a new key ('qhawaq key new')"


@dataclass(frozen=True)
class MachineKey:
    """A machine's key, without the key itself."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    areas: tuple[str, ...]
    expires: datetime
    made: datetime | None = None  # unknown of keys of former versions

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires <= clock.now()

    def as_json(self) -> dict[str, Any]:
        """Return it as the file holds it."""
        made = {"made": self.made.isoformat()} if self.made else {}
        return vars(self) | {"expires": self.expires.isoformat()} | made


def hashed(key: str) -> str:
    """Return the hash of an API key, which is random and long: one round is enough."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def read(path: Path | None) -> list[MachineKey]:
    """Return the keys of a file; without a file there are none.

    Raises:
        DamagedFile: anything in it is not as we write it: then nobody can tell which keys were taken away.
    """
    if path is None or not path.exists():
        return []
    entries = read_json(path, list, ADVICE)
    try:
        return [_entry(given) for given in entries]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DamagedFile(f"{path} is damaged, an entry is no key of ours: {ADVICE}") from None


def _entry(given: dict[str, Any]) -> MachineKey:
    """Return a key as the file holds it; an error where anything is of another form."""
    made = datetime.fromisoformat(given["made"]) if given.get("made") else None
    expires = datetime.fromisoformat(given["expires"])
    entry = MachineKey(given["name"], given["sha256"], tuple(given["scopes"]), tuple(given["areas"]), expires, made)
    is_listed = isinstance(given["scopes"], list) and isinstance(given["areas"], list)
    is_named = NAME.fullmatch(entry.name) and SHA256.fullmatch(entry.sha256)
    if not (is_listed and is_named and expires.tzinfo) or permissions.wrong(entry.scopes, entry.areas):
        raise ValueError
    return entry


def create(path: Path, name: str, *, scopes: tuple[str, ...], areas: tuple[str, ...], days: int) -> str:
    """Keep the hash of a new machine's key; return the key, which nothing else knows.

    Raises:
        UsageError: name, scopes or areas are of no form that a key has, or there is a key of this name.
    """
    if fault := permissions.wrong(scopes, areas):
        raise UsageError(fault)
    if not NAME.fullmatch(name):
        raise UsageError("a machine's name has letters, digits, dot, hyphen, underscore and @, at most 64")
    key = secrets.token_urlsafe(32)
    entry = MachineKey(name, hashed(key), scopes, areas, _in(days), clock.now())
    with _changing(path) as change:
        if any(known.name == name for known in read(path)):
            raise UsageError(f"there is a key of {name}: 'qhawaq key rotate {name}' gives it another")
        change(lambda known: [*known, entry])
    return key


def rotate(path: Path, name: str, *, days: int, overlap: timedelta = timedelta()) -> str:
    """Give a machine another key with the same scopes and areas; return it.

    Args:
        path: the file of keys.
        name: the machine.
        days: how long the new key is good.
        overlap: how long those before are good yet.

    Raises:
        QhawaqError: there is no key of this name.
    """
    key = secrets.token_urlsafe(32)
    with _changing(path) as change:
        newest = _named(path, name)[-1]
        entry = replace(newest, sha256=hashed(key), expires=_in(days), made=clock.now())
        until = clock.now() + overlap
        change(lambda known: [*_shortened(known, name, until), entry])
    return key


def _shortened(known: list[MachineKey], name: str, until: datetime) -> list[MachineKey]:
    """Return keys, those of a machine until a moment at most; without those whose time is over then."""
    kept = (replace(entry, expires=min(entry.expires, until)) if entry.name == name else entry for entry in known)
    return [entry for entry in kept if entry.name != name or not entry.is_expired]


def revoke(path: Path, name: str) -> int:
    """Take away all keys of a machine; return how many.

    Raises:
        QhawaqError: there is none.
    """
    with _changing(path) as change:
        taken = len(_named(path, name))
        change(lambda known: [entry for entry in known if entry.name != name])
    return taken


def _named(path: Path, name: str) -> list[MachineKey]:
    own = [entry for entry in read(path) if entry.name == name]
    if not own:
        raise QhawaqError(f"there is no key of {name}: 'qhawaq key list' names those that there are")
    return own


def _in(days: int) -> datetime:
    return clock.now() + timedelta(days=days)


@contextmanager
def _changing(path: Path) -> Iterator[Callable[[Callable[[list[MachineKey]], list[MachineKey]]], None]]:
    """Yield what changes the keys while no other command does: one that was revoked would come back."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield lambda change: write_whole(
            path, json.dumps([entry.as_json() for entry in change(read(path))], indent=1), 0o600
        )
    finally:
        os.close(folder)
