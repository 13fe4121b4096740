"""Erased persons, by keys that lead to nobody: a restored backup erases them again, and no model learns of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from warehouse import files
from warehouse.settings import Home


def remember(home: Home, keys: Iterable[int], today: str) -> None:
    """Note the keys of a person: whoever restores an older backup has to erase the person again."""
    listed = listed_in(home.erased) | dict.fromkeys(map(str, keys), today)
    files.write_whole(home.erased, json.dumps(listed, indent=1))


def listed_in(path: Path) -> dict[str, str]:
    """Return the keys of erased persons that a file lists → the day; nothing where there is none.

    Raises:
        DamagedFile: the file is damaged.
    """
    return files.read_json(path, dict, "restore it from a backup") if path.exists() else {}
