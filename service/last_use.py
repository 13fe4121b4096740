"""When each machine's key was last used: noted in memory at each request, on disk at most once a minute."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from pathlib import Path

from warehouse import clock
from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole

LOG = logging.getLogger("qhawaq.serve")
EVERY = 60.0  # seconds
ADVICE = "remove it: it only says when keys were last used"


def path_beside(api_keys: Path) -> Path:
    """Return the file of last uses, which lies beside the file of keys."""
    return api_keys.with_name("api_keys_used.json")


def read(path: Path) -> dict[str, datetime]:
    """Return last uses by the hash of the key; what is damaged tells of none."""
    try:
        return {sha256: datetime.fromisoformat(moment) for sha256, moment in read_json(path, dict, ADVICE).items()}
    except (OSError, DamagedFile, TypeError, ValueError):
        return {}


class LastUse:
    """Last uses of keys; after a kill those of the last minute are lost."""

    def __init__(self, api_keys: Path | None) -> None:
        self.path = path_beside(api_keys) if api_keys else None
        self.moments = read(self.path) if self.path else {}
        self.is_written = True
        self.written_at = float("-inf")

    def note(self, sha256: str) -> None:
        """Note that a key was used now."""
        self.moments[sha256] = clock.now()
        self.is_written = False

    def write(self, known: frozenset[str], is_end: bool = False) -> None:
        """Write those of known keys, unless that was done within a minute; a disk that fails stops no answer."""
        now = time.monotonic()
        if self.path is None or self.is_written or (now - self.written_at < EVERY and not is_end):
            return
        self.is_written = True
        self.written_at = now
        kept = {sha256: moment.isoformat() for sha256, moment in list(self.moments.items()) if sha256 in known}
        try:
            write_whole(self.path, json.dumps(kept, indent=1), 0o600)
        except OSError as error:
            LOG.error("last uses of keys were not written: %s", error.strerror)
