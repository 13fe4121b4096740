"""Pages collected so far, encrypted, and the cursor to go on from: a collection that is cut off resumes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from warehouse.files import write_whole
from warehouse.keys import Keys
from warehouse.settings import Home


@dataclass(frozen=True)
class Work:
    """The work of one API in a home."""

    home: Home
    keys: Keys
    name: str

    @property
    def _folder(self) -> Path:
        return self.home.spill / "collect" / self.name

    def position(self) -> dict[str, Any]:
        """Return where to go on: `{"pages": 0}` at the beginning."""
        path = self._folder / "position.json"
        return json.loads(path.read_text()) if path.exists() else {"pages": 0}

    def add(self, rows: list[dict[str, Any]], **position: object) -> None:
        """Keep a page and then the position after it; a page written twice is the same page."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        n = self.position()["pages"]
        identity = pyrage.x25519.Identity.from_str(self.keys.secret)
        sealed = pyrage.encrypt(json.dumps(rows).encode(), [identity.to_public()])
        (self._folder / f"{n:06}.age").write_bytes(sealed)
        write_whole(self._folder / "position.json", json.dumps({"pages": n + 1, **position}))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return every row collected, in order."""
        identity = pyrage.x25519.Identity.from_str(self.keys.secret)
        for n in range(self.position()["pages"]):
            yield from json.loads(pyrage.decrypt((self._folder / f"{n:06}.age").read_bytes(), [identity]))

    def done(self) -> None:
        """Forget the pages: they are in the inbox now."""
        shutil.rmtree(self._folder, ignore_errors=True)


def collected(home: Home) -> dict[str, list[str]]:
    """Return which parts of each API were collected before."""
    return json.loads(home.collected.read_text()) if home.collected.exists() else {}


def note(home: Home, name: str, parts: list[str]) -> None:
    """Note that parts of an API are in the inbox."""
    known = collected(home)
    known[name] = sorted({*known.get(name, []), *parts})
    write_whole(home.collected, json.dumps(known, indent=1))
