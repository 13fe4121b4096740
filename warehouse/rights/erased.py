"""Erased persons, by keys that lead to nobody: a restored backup erases them again, and no model learns of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from warehouse import files
from warehouse.settings import Home


def remember(home: Home, keys: Iterable[int], today: str) -> None:
    """Note the keys of a person: whoever restores an older backup has to erase the person again."""
    listed = listed_in(home.erased) | dict.fromkeys(map(str, keys), today)
    files.write_whole(home.erased, json.dumps(listed, indent=1))


def note(db: duckdb.DuckDBPyConnection, days: Mapping[str, str]) -> None:
    """Note in the warehouse by which keys nobody is scored or listed: key → day; what it knows already stays."""
    db.execute(
        "insert into raw.erased_persons select key, day::date from "
        "(select unnest(?::bigint[]) as key, unnest(?::varchar[]) as day) "
        "where key not in (select child_key from raw.erased_persons)",
        [list(map(int, days)), list(days.values())],
    )


def listed_in(path: Path) -> dict[str, str]:
    """Return the keys of erased persons that a file lists → the day; nothing where there is none.

    Raises:
        DamagedFile: the file is damaged.
    """
    return files.read_json(path, dict, "restore it from a backup") if path.exists() else {}
