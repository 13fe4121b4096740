"""Collected pages, encrypted, and the position after them: an interrupted collection resumes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.settings import Home


@dataclass(frozen=True)
class Work:
    """The unfinished collection of one API."""

    home: Home
    keys: Keys
    name: str

    @property
    def _folder(self) -> Path:
        """The folder of the collected pages."""
        return self.home.spill / "collect" / self.name

    def position(self) -> dict[str, Any]:
        """Return the position after the last page, in the API's own terms; `{"pages": 0}` at the beginning."""
        path = self._folder / "position.json"
        return read_json(path, dict, self._begin_again) if path.exists() else {"pages": 0}

    @property
    def _begin_again(self) -> str:
        return f"remove the folder {self._folder}, then call 'qhawaq collect' again: it begins with the first page"

    def add(self, rows: list[dict[str, Any]], **position: object) -> None:
        """Store a page and then the position after it; storing a page twice overwrites it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = self.position()["pages"]
        archive.seal(self._folder / f"{number:06}.age", json.dumps(rows).encode(), self.keys)
        write_whole(self._folder / "position.json", json.dumps({"pages": number + 1, **position}))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every collected row, in order."""
        for n in range(self.position()["pages"]):
            yield from json.loads(self._page(self._folder / f"{n:06}.age"))

    def _page(self, path: Path) -> bytes:
        try:
            return archive.unsealed(path, self.keys)
        except (FileNotFoundError, DamagedFile):
            raise DamagedFile(f"{path} does not open: {self._begin_again}") from None

    def done(self) -> None:
        """Delete the pages, which are in the inbox now."""
        shutil.rmtree(self._folder, ignore_errors=True)


def collected(home: Home) -> dict[str, list[str]]:
    """Return the parts of each API collected before."""
    advice = "restore it from a backup, or remove it: then everything is collected again"
    return read_json(home.collected, dict, advice) if home.collected.exists() else {}


def note(home: Home, name: str, parts: list[str]) -> None:
    """Record that parts of an API are in the inbox."""
    known = collected(home)
    known[name] = sorted({*known.get(name, []), *parts})
    write_whole(home.collected, json.dumps(known, indent=1))
