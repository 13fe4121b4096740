"""The access log: lines that can only be appended, each sealed over all before it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warehouse import clock, files

START = "0" * 64


class Broken(Exception):
    """A line was changed, removed or put in."""


class Journal:
    """A log with a chain of seals that shows every change.

    Args:
        path: the file; made with mode 0600.
        key: without it the chain can neither be continued nor rewritten unseen.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self.key = key
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def note(self, caller: str, action: str, child: str | None, reason: str) -> None:
        """Append a line and have it on disk before anything is answered."""
        line = {"at": clock.now().isoformat(), "who": caller, "what": action, "child": child, "why": reason}

        def sealed(descriptor: int) -> str:
            return json.dumps(line | {"seal": self._seal(self._last(descriptor), line)}, ensure_ascii=False)

        files.append(self.path, sealed)

    def _last(self, descriptor: int) -> str:
        """Return the seal of the last whole line."""
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, 65_536, max(0, size - 65_536))
        if not tail:
            return START
        if not tail.endswith(b"\n"):
            raise Broken(f"{self.path} ends in the middle of a line: keep it, look who wrote it, begin another")
        return _parted(tail.splitlines()[-1].decode(errors="replace"))[1]

    def _seal(self, before: str, line: dict[str, str | None]) -> str:
        text = json.dumps(line, sort_keys=True, ensure_ascii=False)
        return hmac.new(self.key, f"{before}{text}".encode(), hashlib.sha256).hexdigest()

    def lines(self) -> Iterator[dict[str, str]]:
        """Return every line, verified against all before it.

        Raises:
            Broken: at the first that does not follow from those before it.
        """
        before = START
        with self.path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                sealed, seal = _parted(text)
                if not hmac.compare_digest(seal, self._seal(before, sealed)):
                    raise Broken(f"{self.path}, line {number}: it is not what was written there")
                before = seal
                yield sealed


def _parted(text: str) -> tuple[dict[str, Any], str]:
    """Return a line and its seal; what is no line of ours has a seal that nothing has."""
    try:
        line = json.loads(text)
        return line, str(line.pop("seal"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, ""
