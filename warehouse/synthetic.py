"""The manifest of a synthetic home: hashes of the only files that it lands."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole
from warehouse.settings import Home

ADVICE = "call 'qhawaq simulate' with another --home, or restore a backup: without it no file is known to be synthetic"


def noted(home: Home) -> set[str]:
    """Return the hashes of the files that the home lands.

    Raises:
        DamagedFile: they are not known, so that no file can be told from a real one.
    """
    return set(_read(home)["sha256"])


def note(home: Home, sha256: str) -> None:
    """Add a file's hash to the manifest; two who write at once are both noted."""
    with _alone(home):
        known = _read(home)
        known["sha256"] = sorted({*known["sha256"], sha256})
        write_whole(home.synthetic, json.dumps(known))


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the home's folder against other threads and processes that note something."""
    descriptor = os.open(home.root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(home: Home) -> dict[str, Any]:
    if not home.synthetic.exists():
        raise DamagedFile(f"{home.synthetic} is missing: {ADVICE}")
    known = read_json(home.synthetic, dict, ADVICE)
    if not isinstance(known.get("sha256"), list):
        raise DamagedFile(f"{home.synthetic} is damaged, it states no hashes: {ADVICE}")
    return known
